using System.Threading.Channels;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Engine.Peers;

namespace LuxTensor.Tests.Network;

/// <summary>Attackers of a node in this process, where a test has to know that what they send is listened to.</summary>
internal static class Joining
{
    /// <summary>Connects an attacker, and waits until the node has taken its hello.</summary>
    internal static async Task<Attacker> JoinAsync(this PeerBook book, Victim victim, ulong claims = 0, Reply? reply = null)
    {
        var greeted = Channel.CreateUnbounded<PeerId>();
        using var watching = book.Observe((peer, input) =>
        {
            if (input is PeerInput.Claimed)
            {
                greeted.Writer.TryWrite(peer);
            }
        });
        var attacker = await Attacker.JoinAsync(victim, Host.Soon, claims, reply);
        while (await greeted.Reader.ReadAsync(Host.Soon) != attacker.Id)
        {
            // of others
        }

        return attacker;
    }
}
