namespace LuxTensor.Hosting.Configuration;

/// <summary>
/// The section "network" of a settings file, its addresses still as text.
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
internal sealed record NetworkDraft(
    IReadOnlyList<string> Listen, IReadOnlyList<string> Announce, IReadOnlyList<string> Bootstrap, int MaxPeers, int MaxPerAddress, bool Mdns,
    string? Identity, string? IdentityPasswordFile)
{
    /// <summary>Reads the section; null where there is none.</summary>
    /// <param name="root">The file.</param>
    /// <param name="folder">What paths are relative to.</param>
    /// <param name="check">What is wrong with an address, given whether it must name its peer; null for nothing.</param>
    internal static NetworkDraft? Read(Section root, string folder, Func<string, bool, string?> check)
    {
        if (!root.Has("network"))
        {
            return null;
        }

        var section = root.Inner("network");
        var draft = new NetworkDraft(
            Addresses(section, "listen", false, check),
            Addresses(section, "announce", false, check),
            Addresses(section, "bootstrap", true, check),
            (int)(section.Integer("maxPeers", 1, 10_000) ?? 50),
            (int)(section.Integer("maxPerAddress", 1, 10_000) ?? 8),
            section.Flag("mdns") ?? false,
            section.File("identity", folder),
            section.File("identityPasswordFile", folder));
        section.End();
        return draft;
    }

    private static List<string> Addresses(Section section, string key, bool namesPeer, Func<string, bool, string?> check)
    {
        var addresses = new List<string>();
        foreach (var (line, text) in section.Texts(key))
        {
            if (check(text, namesPeer) is { } wrong)
            {
                section.Problems.Add(line, $"network.{key}: {wrong}");
            }

            addresses.Add(text);
        }

        return addresses;
    }
}
