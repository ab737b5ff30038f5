using LuxTensor.Silo;

return await CommandLine.UntilSignalAsync(
    stop => Cli.RunAsync(args, Terminal.OfConsole("luxtensor-silo", "src/LuxTensor.Silo/LuxTensor.Silo.csproj"), stop));
