using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>The contract of every host, over libp2p on loopback instead of a network within the process.</summary>
public sealed class Libp2pContract : NodeContract
{
    private protected override ITestNetwork Network(TestChain chain) => new Libp2pNetwork(chain);
}
