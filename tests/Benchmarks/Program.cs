using LuxTensor.Tests.Benchmarks;

// dotnet run -c Release --project tests/Benchmarks [-- votes finality throughput memory rpc]
var chosen = args.Length == 0 ? ["votes", "finality", "throughput", "memory", "rpc"] : args;
foreach (var name in chosen)
{
    switch (name)
    {
        case "votes":
            Report.Head("The vote path without the signature check");
            VotePath.Run();
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
        case "rpc":
            Report.Head("JSON-RPC");
            await RpcBenchmarks.RunAsync();
            break;
        default:
            Console.Error.WriteLine($"unknown benchmark '{name}': votes, finality, throughput, memory, rpc");
            return 2;
    }
}

return 0;
