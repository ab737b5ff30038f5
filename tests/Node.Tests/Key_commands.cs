using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Node;

public sealed class Key_commands
{
    private const UnixFileMode WorldReadable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead;

    [Fact]
    public async Task A_new_key_can_be_listed_and_opened_and_only_its_owner_can_read_it()
    {
        using var folder = new Folder();
        folder.Write("password", "correct horse\n");

        var made = await Luxtensor.Run("keys", "new", "--out", folder["a.json"], "--password-file", folder["password"]);
        var listed = await Luxtensor.Run("keys", "list", folder.Path);

        using var key = Keystore.Decrypt(KeystoreFile.Read(folder["a.json"]), "correct horse");
        Assert.Equal(ExitCode.Ok, made.Code);
        Assert.Contains(key.PublicKey.ToString(), made.Out, StringComparison.Ordinal);
        Assert.Equal($"{Address.Of(key.PublicKey)}  {key.PublicKey}  {folder["a.json"]}\n", listed.Out);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder["a.json"]));
        Assert.DoesNotContain("correct horse", made.Out + made.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_keystore_is_never_overwritten()
    {
        using var folder = new Folder();
        folder.Write("a.json", "precious");

        var outcome = await Luxtensor.RunWith(new Setting { Input = "pw\n" }, "keys", "new", "--out", folder["a.json"]);

        Assert.Equal(ExitCode.InUse, outcome.Code);
        Assert.Equal("precious", File.ReadAllText(folder["a.json"]));
    }

    [Fact]
    public async Task Two_different_passwords_make_no_key()
    {
        using var folder = new Folder();

        var outcome = await Luxtensor.RunWith(new Setting { CanAsk = true, Hidden = ["one", "two"] }, "keys", "new", "--out", folder["a.json"]);

        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("the two passwords differ", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["a.json"]));
    }

    [Fact]
    public async Task Without_a_password_nothing_is_made_and_the_ways_to_give_one_are_named()
    {
        using var folder = new Folder();

        var outcome = await Luxtensor.Run("keys", "new", "--out", folder["a.json"]);

        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("--password-file", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("LUXTENSOR_PASSWORD", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public async Task An_exported_seed_gives_the_key_again()
    {
        using var folder = new Folder();
        folder.Write("a.json", Keys.Keystore(7, "pw"));
        var withPassword = new Setting { Variables = { ["LUXTENSOR_PASSWORD"] = "pw" } };

        var exported = await Luxtensor.RunWith(withPassword, "keys", "export", folder["a.json"], "--out", folder["seed.hex"], "--yes");
        var imported = await Luxtensor.RunWith(withPassword, "keys", "import", "--seed-file", folder["seed.hex"], "--out", folder["b.json"]);

        using var key = Keystore.Decrypt(KeystoreFile.Read(folder["b.json"]), "pw");
        Assert.Equal((ExitCode.Ok, ExitCode.Ok), (exported.Code, imported.Code));
        Assert.Equal(Keys.Text(7), key.PublicKey.ToString());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder["seed.hex"]));
    }

    [Fact]
    public async Task An_export_asks_first()
    {
        using var folder = new Folder();
        folder.Write("a.json", Keys.Keystore(7, "pw"));

        var unasked = await Luxtensor.Run("keys", "export", folder["a.json"], "--out", folder["seed.hex"]);
        var refused = await Luxtensor.RunWith(new Setting { CanAsk = true, Input = "n\n" }, "keys", "export", folder["a.json"], "--out", folder["seed.hex"]);

        Assert.Equal((ExitCode.Usage, ExitCode.Usage), (unasked.Code, refused.Code));
        Assert.False(File.Exists(folder["seed.hex"]));
    }

    [Fact]
    public async Task A_wrong_password_is_told_and_gives_nothing()
    {
        using var folder = new Folder();
        folder.Write("a.json", Keys.Keystore(7, "pw"));

        var outcome = await Luxtensor.RunWith(new Setting { Input = "PW\n" }, "keys", "export", folder["a.json"], "--out", folder["seed.hex"], "--yes");

        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains($"{folder["a.json"]}: wrong password", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["seed.hex"]));
    }

    [Theory]
    [InlineData("keys", "export", "KEYSTORE", "--out", "OUT", "--yes")]
    [InlineData("keys", "import", "--keystore", "KEYSTORE", "--out", "OUT")]
    [InlineData("keys", "list", "KEYSTORE")]
    public async Task A_keystore_that_others_can_read_is_refused(params string[] args)
    {
        using var folder = new Folder();
        folder.Write("a.json", Keys.Keystore(7, "pw"), WorldReadable);

        var outcome = await Luxtensor.RunWith(
            new Setting { Input = "pw\n" },
            [.. args.Select(arg => arg switch { "KEYSTORE" => folder["a.json"], "OUT" => folder["out"], _ => arg })]);

        Assert.NotEqual(ExitCode.Ok, outcome.Code);
        Assert.Contains($"chmod 600 {folder["a.json"]}", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["out"]));
    }

    [Fact]
    public async Task A_password_file_that_others_can_read_is_refused()
    {
        using var folder = new Folder();
        folder.Write("password", "pw\n", WorldReadable);

        var outcome = await Luxtensor.Run("keys", "new", "--out", folder["a.json"], "--password-file", folder["password"]);

        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains($"chmod 600 {folder["password"]}", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["a.json"]));
    }

    [Theory]
    [InlineData("not hex")]
    [InlineData("0x1234")]
    [InlineData("")]
    public async Task What_is_no_seed_is_refused(string seed)
    {
        using var folder = new Folder();
        folder.Write("seed", seed);

        var outcome = await Luxtensor.RunWith(new Setting { Input = "pw\n" }, "keys", "import", "--seed-file", folder["seed"], "--out", folder["a.json"]);

        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("holds no seed", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["a.json"]));
    }
}
