using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LuxTensor.Hosting.Cluster;

namespace LuxTensor.Tests.Silo;

/// <summary>An authority of the test's own.</summary>
internal sealed class Certificates : IDisposable
{
    private static readonly Oid Server = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid Client = new("1.3.6.1.5.5.7.3.2");

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 root;

    internal Certificates(string name)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(10));
    }

    /// <summary>Writes certificate, key and authority; what a silo's settings then say.</summary>
    internal TlsSettings Write(Folder folder, string file, string name = "luxtensor-silos", int validDays = 5)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=silo", own, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([Server, Client], false));
        using var signed = request.Create(
            root.SubjectName, X509SignatureGenerator.CreateForECDsa(key), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(validDays), RandomNumberGenerator.GetBytes(8));
        return new TlsSettings(
            folder.Write($"{file}.crt", signed.ExportCertificatePem()),
            folder.Write($"{file}.key", own.ExportPkcs8PrivateKeyPem()),
            folder.Write($"{file}-ca.crt", root.ExportCertificatePem()),
            "luxtensor-silos");
    }

    public void Dispose()
    {
        root.Dispose();
        key.Dispose();
    }
}
