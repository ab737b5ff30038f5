using LuxTensor.Node;

return await CommandLine.UntilSignalAsync(
    stop => Cli.RunAsync(args, Terminal.OfConsole("luxtensor", "src/LuxTensor.Node/LuxTensor.Node.csproj"), stop));
