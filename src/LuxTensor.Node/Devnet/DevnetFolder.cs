using System.Security.Cryptography;
using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Node.Devnet;

/// <summary>What a new devnet is to be; a null keeps what the folder has, or takes the default.</summary>
internal sealed record DevnetWish(int? Validators, ulong? IntervalMilliseconds, ulong? EpochLength = null);

/// <summary>
/// Everything of a devnet in one folder: genesis.json, password (of the keystores, mode 0600), and one folder a node with
/// validator.json, journal.db and guard.db. Held by a lock, so that two devnets never share one.
/// </summary>
internal sealed class DevnetFolder : IDisposable
{
    internal const int MaxValidators = 64;
    private const int DefaultValidators = 4;
    private const ulong ChainId = 1337;
    private const string Marker = "luxtensor-devnet";
    private const string GenesisName = "genesis.json";
    private const string PasswordName = "password";

    private static readonly UInt128 Stake = 100 * ChainRules.Token;
    private static readonly UInt128 Balance = 1_000_000 * ChainRules.Token;

    private readonly FileStream held;

    private DevnetFolder(string path, FileStream held, Genesis genesis, bool isNew)
    {
        Path = path;
        this.held = held;
        Genesis = genesis;
        IsNew = isNew;
    }

    /// <summary>The folder.</summary>
    internal string Path { get; }

    /// <summary>The chain.</summary>
    internal Genesis Genesis { get; }

    /// <summary>Whether the chain was made just now.</summary>
    internal bool IsNew { get; }

    /// <summary>Where a devnet is kept unless told otherwise.</summary>
    internal static string Default(Terminal terminal) => terminal.Variable("XDG_DATA_HOME") is { Length: > 0 } data
        ? System.IO.Path.Combine(data, "luxtensor", "devnet")
        : System.IO.Path.Combine(
            terminal.Variable("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".luxtensor", "devnet");

    /// <summary>Opens a devnet's folder, or makes it where there is none.</summary>
    /// <exception cref="CommandFailure">It is in use, is no devnet's, or holds another one than was asked for.</exception>
    internal static DevnetFolder Open(string path, DevnetWish wish, TimeProvider time)
    {
        path = System.IO.Path.GetFullPath(path);
        var marker = System.IO.Path.Combine(path, Marker);
        if (!File.Exists(marker) && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw new CommandFailure(
                ExitCode.InUse, $"{path} has files in it that are no devnet's: name an empty or new folder with --data");
        }

        MakePrivate(path);
        var held = Hold(path);
        try
        {
            var genesisPath = System.IO.Path.Combine(path, GenesisName);
            var isNew = !File.Exists(genesisPath); // written last: without it, nothing was ever signed here
            if (isNew)
            {
                Clear(path);
                Make(path, genesisPath, wish, time);
            }

            var genesis = GenesisFile.Read(genesisPath);
            RequireSame(path, genesis, wish);
            return new DevnetFolder(path, held, genesis, isNew);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Whether a devnet is kept in a folder.</summary>
    internal static bool IsDevnet(string path) => File.Exists(System.IO.Path.Combine(path, Marker));

    /// <summary>Deletes a devnet, and nothing that is not one's.</summary>
    /// <exception cref="CommandFailure">It is running.</exception>
    internal static void Reset(string path)
    {
        using var held = Hold(path);
        File.Delete(System.IO.Path.Combine(path, GenesisName)); // first: what is left without it is made anew
        Clear(path);
    }

    /// <summary>A node's folder; nodes count from 1.</summary>
    internal string NodeFolder(int number) => System.IO.Path.Combine(Path, $"node{number}");

    /// <summary>Opens the key of a node.</summary>
    /// <exception cref="KeystoreException">The keystore or the password was changed.</exception>
    internal SigningKey OpenKey(int number)
    {
        using var password = Password.FromFile(System.IO.Path.Combine(Path, PasswordName));
        return Keystore.Decrypt(KeystoreFile.Read(KeyIn(NodeFolder(number))), password.Characters);
    }

    public void Dispose() => held.Dispose();

    private static FileStream Hold(string path)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(path, Marker), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException e) when (File.Exists(System.IO.Path.Combine(path, Marker)))
        {
            throw new CommandFailure(ExitCode.InUse, $"a devnet runs in {path} already: stop it, or name another folder with --data", e);
        }
    }

    private static void Clear(string path)
    {
        File.Delete(System.IO.Path.Combine(path, PasswordName));
        foreach (var node in Directory.EnumerateDirectories(path, "node*"))
        {
            Directory.Delete(node, recursive: true);
        }
    }

    private static void Make(string path, string genesisPath, DevnetWish wish, TimeProvider time)
    {
        // The password only keeps the keystores' layout honest: it lies beside them, so stretching it would protect nothing.
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        KeystoreFile.Write(System.IO.Path.Combine(path, PasswordName), password + "\n");
        var validators = new List<GenesisValidator>();
        for (var number = 1; number <= (wish.Validators ?? DefaultValidators); number++)
        {
            using var key = SigningKey.Generate();
            var folder = System.IO.Path.Combine(path, $"node{number}");
            MakePrivate(folder);
            var options = new KeystoreOptions { Kdf = LightKdf, Description = $"devnet validator {number}" };
            KeystoreFile.Write(KeyIn(folder), Keystore.Encrypt(key, password, options));
            validators.Add(new GenesisValidator(key.PublicKey, Stake));
        }

        var interval = wish.IntervalMilliseconds ?? 1_000;
        var rules = new ChainRules
        {
            ChainId = ChainId,
            BlockInterval = interval,
            RoundTimeout = 1_000,
            RoundTimeoutStep = 500,
            EpochLength = wish.EpochLength ?? 8, // a validator's whole life in a few minutes
            EvidenceMaxAge = 6,
            WithdrawalDelay = 8,
        };
        if (!Genesis.TryCreate(
            rules, (ulong)time.GetUtcNow().ToUnixTimeMilliseconds(), [.. validators], [.. Accounts()], out var genesis, out var why))
        {
            throw CommandFailure.Usage($"no such devnet can be: {why.Message}");
        }

        var temporary = genesisPath + ".tmp";
        File.WriteAllText(temporary, GenesisFile.Write(genesis));
        File.Move(temporary, genesisPath);
    }

    private static KeystoreKdf LightKdf => KeystoreKdf.Default is KeystoreKdf.Argon2id
        ? new KeystoreKdf.Argon2id(OpsLimit: 1, MemLimit: 64 << 10)
        : new KeystoreKdf.Scrypt(N: 1 << 10, R: 8, P: 1);

    private static IEnumerable<GenesisAccount> Accounts()
    {
        for (var number = 0; number < DevnetKeys.Count; number++)
        {
            using var key = DevnetKeys.Account(number);
            yield return new GenesisAccount(Address.Of(key.PublicKey), Balance);
        }
    }

    private static void RequireSame(string path, Genesis genesis, DevnetWish wish)
    {
        if (wish.Validators is { } validators && validators != genesis.Validators.Length)
        {
            throw new CommandFailure(
                ExitCode.Usage, $"the devnet in {path} has {genesis.Validators.Length} validators, not {validators}: leave out "
                    + "--validators to go on with it, add --reset to start anew, or name another folder with --data");
        }

        if (wish.EpochLength is { } epoch && epoch != genesis.Rules.EpochLength)
        {
            throw new CommandFailure(
                ExitCode.Usage, $"the devnet in {path} has epochs of {genesis.Rules.EpochLength} heights, not {epoch}: leave out --epoch to go on "
                    + "with it, add --reset to start anew, or name another folder with --data");
        }

        if (wish.IntervalMilliseconds is { } interval && interval != genesis.Rules.BlockInterval)
        {
            throw new CommandFailure(
                ExitCode.Usage, $"the devnet in {path} has a block interval of {Duration.Format(genesis.Rules.BlockInterval)}, not "
                    + $"{Duration.Format(interval)}: leave out --interval to go on with it, add --reset to start anew, or name another "
                    + "folder with --data");
        }
    }

    private static void MakePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static string KeyIn(string folder) => System.IO.Path.Combine(folder, "validator.json");
}
