using System.Text;
using LuxTensor.Hosting.Cluster;

namespace LuxTensor.Tests.Silo;

public sealed class Who_may_look
{
    private const string Token = "0123456789abcdef-token";

    [Theory]
    [InlineData("Bearer " + Token, true)]
    [InlineData("bearer " + Token, true)]
    [InlineData("Bearer " + Token + "x", false)]
    [InlineData("Bearer 0123456789abcdef-toke", false)]
    [InlineData("Bearer", false)]
    [InlineData("Digest " + Token, false)]
    [InlineData(Token, false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Only_the_token_opens(string? header, bool opens) => Assert.Equal(opens, Opened().Allows(header));

    [Theory]
    [InlineData("anyone:" + Token, true)]
    [InlineData(":" + Token, true)]
    [InlineData(Token + ":", false)]
    [InlineData(Token, false)]
    [InlineData("anyone:" + Token + ":", false)]
    public void A_browser_sends_it_as_the_password_of_any_user(string pair, bool opens) =>
        Assert.Equal(opens, Opened().Allows($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair))}"));

    [Fact]
    public void A_basic_header_that_is_no_base_64_is_refused() => Assert.False(Opened().Allows($"Basic {Token}"));

    [Fact]
    public void A_token_that_could_be_guessed_is_not_taken()
    {
        using var folder = new Folder();

        var failure = Assert.Throws<CommandFailure>(() => OperationsAccess.FromFile(folder.Write("token", "short\n"), groupMayRead: false));

        Assert.Contains("operations.tokenFile", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_the_group_reads_needs_a_word_and_one_that_all_read_gets_none()
    {
        const UnixFileMode group = UnixFileMode.UserRead | UnixFileMode.GroupRead;
        using var folder = new Folder();
        var forGroup = folder.Write("group", Token, group);
        var forAll = folder.Write("all", Token, group | UnixFileMode.OtherRead);
        var link = folder["link"];
        File.CreateSymbolicLink(link, "group"); // how Kubernetes shows the files of a Secret

        Assert.Throws<CommandFailure>(() => OperationsAccess.FromFile(forGroup, groupMayRead: false));
        Assert.Throws<CommandFailure>(() => OperationsAccess.FromFile(link, groupMayRead: false));
        Assert.Throws<CommandFailure>(() => OperationsAccess.FromFile(forAll, groupMayRead: true));
        Assert.True(OperationsAccess.FromFile(forGroup, groupMayRead: true).Allows($"Bearer {Token}"));
        Assert.True(OperationsAccess.FromFile(link, groupMayRead: true).Allows($"Bearer {Token}"));
    }

    private static OperationsAccess Opened()
    {
        using var folder = new Folder();
        return OperationsAccess.FromFile(folder.Write("token", Token + "\n"), groupMayRead: false);
    }
}
