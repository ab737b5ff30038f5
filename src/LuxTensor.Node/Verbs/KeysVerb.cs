using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor keys: keystores in the layout of EIP-2335.</summary>
internal static class KeysVerb
{
    internal static Command Create(Terminal terminal) =>
        new Verb("keys", "Make, list and move keys; keystores have the layout of EIP-2335.",
            "luxtensor keys new --out validator1.json\nluxtensor keys list .")
        {
            New(terminal), List(terminal), Import(terminal), Export(terminal), GuardVerb.Create(terminal),
        };

    private static Command New(Terminal terminal)
    {
        var (target, file, note) = (Out(), CommonOptions.PasswordFile("the new keystore"), Note());
        var command = new Verb(
            "new", "Make a key from the system's random generator.",
            "luxtensor keys new --out validator1.json\nluxtensor keys new --out validator1.json --password-file password --json")
        {
            target, file, note,
        };
        command.SetAction(parsed =>
        {
            using var key = SigningKey.Generate();
            return Save(terminal, parsed, key, parsed.GetRequiredValue(target), parsed.GetValue(file), parsed.GetValue(note));
        });
        return command;
    }

    private static Command List(Terminal terminal)
    {
        var paths = new Argument<string[]>("paths")
        {
            Description = "Keystores, or folders of them.",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = static _ => ["."],
        };
        var command = new Verb(
            "list", "Show the keys of keystores, without their passwords; ends with 1 where one is open to others or damaged.",
            "luxtensor keys list keys/\nluxtensor keys list validator1.json --json")
        {
            paths,
        };
        command.SetAction(parsed =>
        {
            var code = ExitCode.Ok;
            foreach (var path in parsed.GetRequiredValue(paths).SelectMany(Keystores))
            {
                if (Describe(terminal, path, parsed.GetValue(CommonOptions.Json)) is { } problem)
                {
                    terminal.Error.WriteLine($"luxtensor: {problem}");
                    code = ExitCode.Negative;
                }
            }

            return (int)code;
        });
        return command;
    }

    private static Command Import(Terminal terminal)
    {
        var (target, file, note) = (Out(), CommonOptions.PasswordFile("the new keystore"), Note());
        var seed = CommonOptions.Of<string?>(
            "--seed-file", "File with an Ed25519 seed as 64 hexadecimal digits; - is standard input.", value: "FILE");
        var keystore =
            CommonOptions.Of<string?>("--keystore", "A keystore of another tool: its key gets a keystore of its own.", value: "FILE");
        var oldPassword = CommonOptions.Of<string?>("--keystore-password-file", "File with the password of --keystore.", value: "FILE");
        var command = new Verb(
            "import",
            "Make a keystore of a key that exists: a seed, or another keystore.",
            """
            luxtensor keys import --seed-file seed.hex --out validator1.json
            luxtensor keys import --keystore old.json --keystore-password-file old-password --password-file password --out new.json
            """)
        {
            seed, keystore, oldPassword, target, file, note,
        };
        command.SetAction(parsed =>
        {
            var (seedFile, oldFile) = (parsed.GetValue(seed), parsed.GetValue(keystore));
            if (seedFile is null == oldFile is null)
            {
                throw CommandFailure.Usage("name exactly one of --seed-file and --keystore");
            }

            using var key = seedFile is not null ? ReadSeed(terminal, seedFile) : OpenedKey.From(terminal, oldFile!, parsed.GetValue(oldPassword));
            return Save(terminal, parsed, key, parsed.GetRequiredValue(target), parsed.GetValue(file), parsed.GetValue(note));
        });
        return command;
    }

    private static Command Export(Terminal terminal)
    {
        var source = new Argument<string>("keystore") { Description = "The keystore." };
        var (target, file, yes) = (Out(), CommonOptions.PasswordFile(), CommonOptions.Yes());
        var command = new Verb(
            "export", "Write the seed of a keystore, unencrypted, to a new file of mode 0600; asks first.",
            "luxtensor keys export validator1.json --out seed.hex")
        {
            source, target, file, yes,
        };
        command.SetAction(parsed =>
        {
            var (path, to) = (parsed.GetRequiredValue(source), parsed.GetRequiredValue(target));
            if (!parsed.GetValue(yes) && !(terminal.CanAsk && terminal.Confirm($"Whoever reads {to} owns the key. Write it unencrypted?")))
            {
                throw CommandFailure.Usage("nothing was written: an unencrypted key needs a yes, or --yes where nobody can be asked");
            }

            using var key = OpenedKey.From(terminal, path, parsed.GetValue(file));
            var seed = new byte[32];
            key.ExportSeed(seed);
            KeystoreFile.Write(to, Convert.ToHexStringLower(seed) + "\n");
            CryptographicOperations.ZeroMemory(seed);
            Report.Print(terminal, parsed.GetValue(CommonOptions.Json), ("file", to), ("publicKey", key.PublicKey.ToString()));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static int Save(Terminal terminal, ParseResult parsed, SigningKey key, string path, string? passwordFile, string? note)
    {
        if (System.IO.Path.Exists(path))
        {
            throw new CommandFailure(ExitCode.InUse, $"{path} exists already, and a keystore is never overwritten: choose another name");
        }

        using var password = Password.Get(terminal, passwordFile, path, isNew: true);
        KeystoreFile.Write(path, Keystore.Encrypt(key, password.Characters, new KeystoreOptions { Description = note ?? "" }));
        Report.Print(
            terminal, parsed.GetValue(CommonOptions.Json),
            ("keystore", path), ("address", Address.Of(key.PublicKey).ToString()), ("publicKey", key.PublicKey.ToString()));
        return (int)ExitCode.Ok;
    }

    private static IEnumerable<string> Keystores(string path) => Directory.Exists(path)
        ? Directory.EnumerateFiles(path, "*.json", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 4 })
            .Where(IsKeystore).Order(StringComparer.Ordinal)
        : [path];

    // In a folder, other JSON files are none of our business; a keystore says so near its start.
    private static bool IsKeystore(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            var head = new char[Keystore.MaxSize];
            var text = head.AsSpan(0, reader.ReadBlock(head));
            return text.Contains("\"crypto\"", StringComparison.Ordinal) && text.Contains("\"kdf\"", StringComparison.Ordinal);
        }
        catch (UnauthorizedAccessException)
        {
            return true; // say that it cannot be read
        }
    }

    private static string? Describe(Terminal terminal, string path, bool json)
    {
        try
        {
            var key = Keystore.StatedPublicKey(KeystoreFile.Read(path));
            var (address, stated) = (Address.Of(key).ToString(), key.ToString());
            terminal.Out.WriteLine(json
                ? Report.Json(("keystore", path), ("address", address), ("publicKey", stated))
                : $"{address}  {stated}  {path}");
            return null;
        }
        catch (KeystoreException e)
        {
            return e.Message.Contains(path, StringComparison.Ordinal) ? e.Message : $"{path}: {e.Message}";
        }
    }

    private static SigningKey ReadSeed(Terminal terminal, string path)
    {
        byte[] bytes;
        if (path == "-")
        {
            bytes = Encoding.UTF8.GetBytes(terminal.In.ReadLine() ?? "");
        }
        else
        {
            Password.RequirePrivate(path);
            bytes = BoundedFile.Read(path, 1024, "seed file");
        }

        var seed = new byte[32];
        var text = Encoding.UTF8.GetString(bytes).Trim();
        CryptographicOperations.ZeroMemory(bytes);
        try
        {
            return Hex.TryDecode(text, seed)
                ? SigningKey.FromSeed(seed)
                : throw CommandFailure.Usage($"{path} holds no seed: 64 hexadecimal digits are needed");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private static Option<string> Out() => CommonOptions.File("--out", "The file to make; an existing one is never overwritten.");

    private static Option<string?> Note() => new("--description") { Description = "A line for humans, kept unencrypted in the keystore." };
}
