using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace LuxTensor.Network;

/// <summary>
/// The secure channel <c>/tls/1.0.0</c>: TLS 1.3 alone, a certificate from both sides, verified by libp2p's rule alone; no server name, no
/// resumption. The certificate is made, and signed with the identity, once a start.
/// </summary>
internal sealed class TlsSecurity : IDisposable
{
    internal const string Protocol = "/tls/1.0.0";

    private static readonly List<SslApplicationProtocol> Offered = [new(Yamux.Protocol), new("libp2p")];

    private readonly TimeProvider time;
    private readonly X509Certificate2 certificate;
    private readonly SslStreamCertificateContext context;

    internal TlsSecurity(PeerIdentity identity, TimeProvider time)
    {
        this.time = time;
        certificate = TlsCertificate.Create(identity, time.GetUtcNow());
        context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
    }

    /// <summary>Shakes hands as the dialer (TLS client) or the listener.</summary>
    /// <exception cref="WireException">The peer broke a rule of the handshake; the message names it.</exception>
    internal async ValueTask<Secured> SecureAsync(Stream stream, bool isDialer, CancellationToken cancellation)
    {
        var tls = new SslStream(stream, leaveInnerStreamOpen: false);
        IdentityKey? key = null;
        WireException? refused = null;
        try
        {
            if (isDialer)
            {
                await tls.AuthenticateAsClientAsync(ClientOptions(Judge), cancellation);
            }
            else
            {
                await tls.AuthenticateAsServerAsync(ServerOptions(Judge), cancellation);
            }
        }
        catch (Exception e)
        {
            await tls.DisposeAsync();
            throw e is AuthenticationException ? refused ?? new WireException($"tls: {e.InnerException?.Message ?? e.Message}", e) : e;
        }

        if (key is not null && Offered.Contains(tls.NegotiatedApplicationProtocol))
        {
            return new(tls, key, MuxerAgreed: tls.NegotiatedApplicationProtocol == Offered[0], Protocol);
        }

        await tls.DisposeAsync();
        throw refused ?? new WireException(key is null ? "tls: the peer sent no certificate" : "tls: no application protocol in common");

        bool Judge(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
        {
            if (shown is not X509Certificate2 theirs)
            {
                refused = new WireException("tls: the peer sent no certificate");
                return false;
            }

            if (chain?.ChainPolicy.ExtraStore.Any(it => !it.RawDataMemory.Span.SequenceEqual(theirs.RawDataMemory.Span)) == true)
            {
                refused = new WireException("tls: the peer sent more than one certificate");
                return false;
            }

            try
            {
                key = TlsCertificate.Verify(theirs, time.GetUtcNow());
                return true;
            }
            catch (WireException e)
            {
                refused = e;
                return false;
            }
        }
    }

    public void Dispose() => certificate.Dispose();

    private SslClientAuthenticationOptions ClientOptions(RemoteCertificateValidationCallback judge) => new()
    {
        TargetHost = "", // sends no server name
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = Offered,
        ClientCertificateContext = context,
        RemoteCertificateValidationCallback = judge,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = NoNetwork(),
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };

    private SslServerAuthenticationOptions ServerOptions(RemoteCertificateValidationCallback judge) => new()
    {
        ServerCertificateContext = context,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = Offered,
        RemoteCertificateValidationCallback = judge,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = NoNetwork(),
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };

    // The chain is built before it is judged, and must not make this node fetch what a certificate of a peer points to.
    private static X509ChainPolicy NoNetwork() => new()
    {
        DisableCertificateDownloads = true,
        RevocationMode = X509RevocationMode.NoCheck,
        TrustMode = X509ChainTrustMode.CustomRootTrust,
    };
}
