using LuxTensor.Hosting.Cluster;

namespace LuxTensor.Tests.Silo;

public sealed class Certificates_of_silos : IDisposable
{
    private readonly Folder folder = new();
    private readonly Certificates ours = new("ours");
    private readonly Certificates others = new("others");

    [Fact]
    public void Silos_of_one_authority_accept_each_other_and_nobody_else()
    {
        using var first = TlsMaterial.Open(ours.Write(folder, "first"), groupMayRead: false);
        using var second = TlsMaterial.Open(ours.Write(folder, "second"), groupMayRead: false);
        using var stranger = TlsMaterial.Open(others.Write(folder, "stranger"), groupMayRead: false);

        Assert.True(first.Accepts(second.Own));
        Assert.True(second.Accepts(first.Own));
        Assert.False(first.Accepts(stranger.Own));
        Assert.False(stranger.Accepts(first.Own));
        Assert.True(first.Own.HasPrivateKey);
    }

    [Fact]
    public void A_certificate_that_others_would_refuse_stops_the_start()
    {
        Assert.Contains("luxtensor-silos", Fault(ours.Write(folder, "a", name: "elsewhere")), StringComparison.Ordinal);
        Assert.Contains("tls.certificate", Fault(ours.Write(folder, "b", validDays: 0)), StringComparison.Ordinal);
        Assert.Contains("tls.certificate", Fault(ours.Write(folder, "c") with { Authority = others.Write(folder, "d").Authority }), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_are_missing_or_wrong_are_named_with_their_key()
    {
        var good = ours.Write(folder, "good");

        Assert.StartsWith("tls.ca: there is no file", Fault(good with { Authority = folder["nowhere"] }), StringComparison.Ordinal);
        Assert.StartsWith("tls.certificate: ", Fault(good with { Certificate = good.Key }), StringComparison.Ordinal);
        Assert.StartsWith("tls.key: ", Fault(good with { Key = ours.Write(folder, "another").Key }), StringComparison.Ordinal);
        File.SetUnixFileMode(good.Key, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("is open to others than its owner", Fault(good), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        ours.Dispose();
        others.Dispose();
        folder.Dispose();
    }

    private static string Fault(TlsSettings settings) => Assert.Throws<CommandFailure>(() => TlsMaterial.Open(settings, groupMayRead: false)).Message;
}
