using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LuxTensor.Hosting.Configuration;

namespace LuxTensor.Hosting.Cluster;

/// <summary>
/// What a silo shows to other silos and whom it believes: a certificate with its key, and the authority that signs those of the
/// cluster. Whoever shows no certificate, one of another authority, or one without the cluster's name, is refused.
/// </summary>
internal sealed class TlsMaterial : IDisposable
{
    private const int MaxBytes = 1 << 20;

    private readonly X509Certificate2Collection authority;
    private readonly X509Certificate2Collection intermediates;

    private TlsMaterial(X509Certificate2 own, X509Certificate2Collection authority, X509Certificate2Collection intermediates, string name)
    {
        Own = own;
        this.authority = authority;
        this.intermediates = intermediates;
        Name = name;
    }

    /// <summary>The own certificate, with its key.</summary>
    internal X509Certificate2 Own { get; }

    /// <summary>The name that every silo's certificate bears.</summary>
    internal string Name { get; }

    /// <summary>Reads the files, and checks that other silos of the same settings would accept this one.</summary>
    /// <exception cref="CommandFailure">A file is missing, open to others or wrong; the message names key and file.</exception>
    internal static TlsMaterial Open(TlsSettings settings, bool groupMayRead)
    {
        var authority = ReadAll(settings.Authority, "tls.ca");
        var chain = ReadAll(settings.Certificate, "tls.certificate");
        Password.RequirePrivate(settings.Key, groupMayRead);
        var key = Text(settings.Key, "tls.key");
        X509Certificate2 own;
        try
        {
            using var withKey = X509Certificate2.CreateFromPem(chain[0].ExportCertificatePem(), key);
            own = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null); // SslStream wants a key that is stored
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw CommandFailure.Usage($"tls.key: {settings.Key} is not the key of tls.certificate {settings.Certificate}: {e.Message}", e);
        }

        chain.RemoveAt(0);
        var material = new TlsMaterial(own, authority, chain, settings.Name);
        if (material.Fault(own) is { } fault)
        {
            material.Dispose();
            throw CommandFailure.Usage($"tls.certificate: other silos will not accept {settings.Certificate}: {fault}");
        }

        return material;
    }

    /// <summary>Whether a silo may be spoken to that shows a certificate.</summary>
    internal bool Accepts(X509Certificate2 shown) => Fault(shown) is null;

    /// <summary>Why a certificate is refused, or null.</summary>
    internal string? Fault(X509Certificate2 shown)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(authority);
        policy.ExtraStore.AddRange(intermediates);
        policy.RevocationMode = X509RevocationMode.NoCheck; // the authority is the operator's own: a new one takes a key's rights away
        policy.DisableCertificateDownloads = true;
        return !chain.Build(shown)
                ? string.Join("; ", chain.ChainStatus.Select(static it => it.StatusInformation.Trim()).Distinct(StringComparer.Ordinal))
            : !shown.MatchesHostname(Name, allowWildcards: false, allowCommonName: false)
                ? $"the name {Name} (tls.name) is not among its subject's alternative names"
            : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Own.Dispose();
        foreach (var one in authority.Concat(intermediates))
        {
            one.Dispose();
        }
    }

    private static X509Certificate2Collection ReadAll(string path, string setBy)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(Text(path, setBy));
        }
        catch (CryptographicException e)
        {
            throw CommandFailure.Usage($"{setBy}: {path} holds no certificate in PEM form: {e.Message}", e);
        }

        return found.Count > 0 ? found : throw CommandFailure.Usage($"{setBy}: {path} holds no certificate in PEM form");
    }

    private static string Text(string path, string setBy)
    {
        try
        {
            return System.Text.Encoding.UTF8.GetString(BoundedFile.Read(path, MaxBytes, "file"));
        }
        catch (CommandFailure e)
        {
            throw CommandFailure.Usage($"{setBy}: {e.Message}", e);
        }
    }
}
