using LuxTensor.Core;

namespace LuxTensor.Node.Configuration;

/// <summary>Finds the genesis that belongs to a database: the named one, or genesis.json beside it or up to two folders above.</summary>
internal static class GenesisNear
{
    /// <summary>Reads it.</summary>
    /// <exception cref="CommandFailure">There is none, or it is wrong.</exception>
    internal static Genesis Read(string path, string? named)
    {
        if (named is not null)
        {
            return GenesisFile.Read(named);
        }

        var folder = Directory.Exists(path) ? Path.GetFullPath(path) : Path.GetDirectoryName(Path.GetFullPath(path));
        for (var up = 0; up < 3 && folder is not null; up++, folder = Path.GetDirectoryName(folder))
        {
            if (Path.Combine(folder, "genesis.json") is var file && File.Exists(file))
            {
                return GenesisFile.Read(file);
            }
        }

        throw CommandFailure.Usage($"no genesis.json beside {path} or above it: name the chain's genesis with --genesis");
    }
}
