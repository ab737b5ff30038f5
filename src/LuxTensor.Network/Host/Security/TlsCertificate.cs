using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LuxTensor.Network;

/// <summary>
/// The self-signed certificate of libp2p's TLS (libp2p specs, tls): an extension holds the identity key and its signature over
/// "libp2p-tls-handshake:" and the certificate's public key. Names, chains and authorities say nothing here.
/// </summary>
internal static class TlsCertificate
{
    private const string Extension = "1.3.6.1.4.1.53594.1.1";

    // Critical extensions that are understood: basic constraints, key usage, extended key usage, alternative names.
    private static readonly string[] Understood = [Extension, "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.17"];

    /// <summary>A certificate for this start of the node: ECDSA on P-256, valid from yesterday for 100 years.</summary>
    internal static X509Certificate2 Create(PeerIdentity identity, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=libp2p", key, HashAlgorithmName.SHA256);
        var signed = new AsnWriter(AsnEncodingRules.DER);
        using (signed.PushSequence())
        {
            signed.WriteOctetString(identity.EncodedKey);
            signed.WriteOctetString(identity.Sign(Signed(key.ExportSubjectPublicKeyInfo())));
        }

        request.CertificateExtensions.Add(new X509Extension(Extension, signed.Encode(), critical: false)); // first: js reads no other
        return request.CreateSelfSigned(now.AddDays(-1), now.AddYears(100));
    }

    /// <summary>The identity that a certificate proves.</summary>
    /// <exception cref="WireException">It proves none; the message names the rule.</exception>
    internal static IdentityKey Verify(X509Certificate2 certificate, DateTimeOffset now)
    {
        if (now.UtcDateTime < certificate.NotBefore.ToUniversalTime() || now.UtcDateTime > certificate.NotAfter.ToUniversalTime())
        {
            throw new WireException($"tls: the certificate is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u} only");
        }

        X509Extension? proof = null;
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value == Extension)
            {
                proof = proof is null ? extension : throw new WireException("tls: the libp2p extension comes twice");
            }
            else if (extension.Critical && !Understood.Contains(extension.Oid?.Value))
            {
                throw new WireException($"tls: the certificate has the unknown critical extension {extension.Oid?.Value}");
            }
        }

        if (proof is null)
        {
            throw new WireException("tls: the certificate has no libp2p extension");
        }

        try
        {
            RequireSelfSigned(certificate);
            var reader = new AsnReader(proof.RawData, AsnEncodingRules.DER);
            var sequence = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            var key = IdentityKey.Decode(sequence.ReadOctetString());
            var signature = sequence.ReadOctetString();
            sequence.ThrowIfNotEmpty();
            return key.Verify(Signed(certificate.PublicKey.ExportSubjectPublicKeyInfo()), signature)
                ? key
                : throw new WireException("tls: the certificate's key is not signed by the identity key");
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or PlatformNotSupportedException)
        {
            throw new WireException($"tls: a malformed certificate ({e.Message})", e);
        }
    }

    private static byte[] Signed(byte[] subjectPublicKeyInfo) => [.. "libp2p-tls-handshake:"u8, .. subjectPublicKeyInfo];

    private static void RequireSelfSigned(X509Certificate2 certificate)
    {
        var outer = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
        var body = outer.ReadEncodedValue().ToArray();
        outer.ReadEncodedValue(); // the algorithm, which the certificate names already
        var signature = outer.ReadBitString(out _);
        var hash = certificate.SignatureAlgorithm.Value switch
        {
            "1.2.840.10045.4.3.2" or "1.2.840.113549.1.1.11" => HashAlgorithmName.SHA256,
            "1.2.840.10045.4.3.3" or "1.2.840.113549.1.1.12" => HashAlgorithmName.SHA384,
            "1.2.840.10045.4.3.4" or "1.2.840.113549.1.1.13" => HashAlgorithmName.SHA512,
            var other => throw new WireException($"tls: a certificate signed by the algorithm {other}; ECDSA and RSA with SHA-2 are verified"),
        };

        using var ecdsa = certificate.GetECDsaPublicKey();
        using var rsa = certificate.GetRSAPublicKey();
        var holds = ecdsa is not null
            ? ecdsa.VerifyData(body, signature, hash, DSASignatureFormat.Rfc3279DerSequence)
            : rsa is { KeySize: >= 2048 and <= 8192 } && rsa.VerifyData(body, signature, hash, RSASignaturePadding.Pkcs1);
        if (!holds)
        {
            throw new WireException("tls: the certificate is not signed by its own key");
        }
    }
}
