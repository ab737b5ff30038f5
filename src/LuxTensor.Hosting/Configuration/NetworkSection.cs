using LuxTensor.Crypto;
using LuxTensor.Network;

namespace LuxTensor.Hosting.Configuration;

/// <summary>
/// The section "network" of a settings file.
/// <code>
/// "network": {
///   "listen": ["/ip4/0.0.0.0/tcp/30303"],      // where peers reach this node
///   "announce": [],                            // what to tell them instead, behind a router
///   "bootstrap": [],                           // /ip4/203.0.113.5/tcp/30303/p2p/12D3Koo...: peers to begin with
///   "maxPeers": 50,
///   "maxPerAddress": 8,                        // connections of one address
///   "mdns": false,                             // find peers of the local network
///   "identity": "network.key",                 // made at the first start; not a validator's key
///   "identityPasswordFile": "network.password" // encrypts the identity; leave it out for a plain file of mode 0600
/// }
/// </code>
/// </summary>
/// <param name="Settings">What the network is made of.</param>
/// <param name="Identity">The file of the identity; null for the usual one.</param>
/// <param name="IdentityPasswordFile">The file of its password; null for a plain file.</param>
internal sealed record NetworkSection(NetworkSettings Settings, string? Identity, string? IdentityPasswordFile)
{
    /// <summary>Reads the section; null where there is none.</summary>
    /// <param name="root">The file.</param>
    /// <param name="folder">What paths are relative to.</param>
    internal static NetworkSection? Read(Section root, string folder)
    {
        var section = root.Inner("network");
        if (!section.HasAny && !root.Has("network"))
        {
            section.End();
            return null;
        }

        var usual = new NetworkSettings();
        var listen = Addresses(section, "listen", CheckListen);
        var read = new NetworkSection(
            new NetworkSettings
            {
                Listen = listen.Count == 0 ? usual.Listen : listen,
                Announce = Addresses(section, "announce", static _ => null),
                Bootstrap = Addresses(section, "bootstrap", CheckBootstrap),
                MostPeers = (int)(section.Integer("maxPeers", 1, 10_000) ?? (ulong)usual.MostPeers),
                MostPerAddress = (int)(section.Integer("maxPerAddress", 1, 10_000) ?? (ulong)usual.MostPerAddress),
                Mdns = section.Flag("mdns") ?? false,
            },
            section.File("identity", folder),
            section.File("identityPasswordFile", folder));
        section.End();
        return read;
    }

    /// <summary>Opens the identity, or makes it at the first start; where there is no file for it, a new one that is kept nowhere.</summary>
    /// <param name="usual">The file where the settings name none; null for no file.</param>
    /// <exception cref="CommandFailure">The file cannot be used; the message says what to do.</exception>
    internal PeerIdentity OpenIdentity(string? usual)
    {
        if ((Identity ?? usual) is not { } path)
        {
            return PeerIdentity.Generate();
        }

        try
        {
            if (Identity is null)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!); // the data folder, which a first start makes
            }

            using var password = IdentityPasswordFile is { } file ? Password.FromFile(file) : null;
            return PeerIdentity.OpenOrCreate(path, password is null ? null : new string(password.Characters));
        }
        catch (KeystoreException e)
        {
            throw CommandFailure.Usage($"network.identity: {e.Message}", e);
        }
    }

    private static string? CheckListen(Multiaddr address) =>
        address.Address is null || address.Port is null ? $"{address} is nothing to listen on: write /ip4/0.0.0.0/tcp/30303, say" : null;

    private static string? CheckBootstrap(Multiaddr address) =>
        address.Peer is null ? $"{address} does not name its peer: end it with /p2p/ and the peer id that the other node prints at its start" : null;

    private static List<Multiaddr> Addresses(Section section, string key, Func<Multiaddr, string?> check)
    {
        var addresses = new List<Multiaddr>();
        foreach (var (line, text) in section.Texts(key))
        {
            if (!Multiaddr.TryParse(text, out var address, out var why) || (why = check(address)) is not null)
            {
                section.Problems.Add(line, $"network.{key}: {why}");
            }
            else
            {
                addresses.Add(address);
            }
        }

        return addresses;
    }
}
