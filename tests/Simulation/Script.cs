namespace LuxTensor.Tests.Simulation;

internal sealed record Script
{
    public bool Connects(World world, int from, int to) => true;
}
