using LuxTensor.Tests.Benchmarks;

// dotnet run -c Release --project tests/Benchmarks [-- votes signatures finality throughput memory epochs calls subscriptions network gossip sync]
// dotnet run -c Release --project tests/Benchmarks -- signatures-differential [--count 2000000] [--seed n] [--engines Scalar,Avx2,Avx512]
if (args is ["signatures-differential", .. var options])
{
    return SignaturesDifferential.Run(options.Chunk(2).ToDictionary(pair => pair[0], pair => pair[^1]));
}

if (args is ["finality-of", var validators])
{
    await ProposalToFinal.ServeAsync(int.Parse(validators, System.Globalization.CultureInfo.InvariantCulture));
    return 0;
}

// dotnet run -c Release --project tests/Benchmarks -- floods [--seconds 7] [--only name]
if (args is ["floods", .. var flooding])
{
    return await Floods.RunAsync(flooding.Chunk(2).ToDictionary(pair => pair[0], pair => pair[^1]));
}

if (args is ["flooded-node", var folder, var index])
{
    return await FloodedNode.RunAsync(folder, int.Parse(index, System.Globalization.CultureInfo.InvariantCulture));
}

var chosen = args.Length == 0 ? ["votes", "signatures", "finality", "throughput", "memory", "epochs", "calls", "subscriptions", "network", "gossip", "sync"] : args;
foreach (var name in chosen)
{
    switch (name)
    {
        case "votes":
            Report.Head("The vote path without the signature check, and with it");
            VotePath.Run();
            break;
        case "signatures":
            Report.Head("Signatures");
            Signatures.Run();
            break;
        case "finality":
            Report.Head("Proposal to final");
            await ProposalToFinal.RunAsync();
            break;
        case "throughput":
            Report.Head("Final transactions a second");
            await Throughput.RunAsync();
            break;
        case "memory":
            Report.Head("Memory and recovery");
            MemoryAndRecovery.Run();
            break;
        case "epochs":
            Report.Head("Epoch transitions");
            EpochTransitions.Run();
            break;
        case "calls":
            Report.Head("JSON-RPC calls");
            await RpcBenchmarks.CallsAsync();
            break;
        case "subscriptions":
            Report.Head("JSON-RPC subscriptions");
            await RpcBenchmarks.SubscriptionsAsync();
            break;
        case "network":
            Report.Head("The network against js-libp2p");
            await NetworkBenchmarks.RunAsync();
            break;
        case "gossip":
            Report.Head("Gossip over loopback, and js-libp2p's in the same run");
            await GossipBenchmarks.RunAsync();
            break;
        case "sync":
            Report.Head("Catching up over libp2p");
            await Syncing.RunAsync();
            break;
        default:
            Console.Error.WriteLine($"unknown benchmark '{name}': votes, signatures, finality, throughput, memory, epochs, calls, subscriptions, network, gossip, sync");
            return 2;
    }
}

return 0;
