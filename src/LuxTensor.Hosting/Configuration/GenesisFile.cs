using System.Globalization;
using LuxTensor.Core;

namespace LuxTensor.Hosting.Configuration;

/// <summary>
/// A genesis as a JSON file: chainId, time, rules, validators (key, stake) and accounts (address, balance), with comments
/// and trailing commas allowed. Amounts are strings: tokens ("32", "0.5") or base units ("100 units"); durations are
/// "250ms", "1s", "2m", "1h"; the time is ISO 8601 or milliseconds since 1970. A rule that is absent has its default.
/// </summary>
internal static class GenesisFile
{
    /// <summary>Most bytes of a file: what the largest genesis takes as JSON.</summary>
    internal const int MaxBytes = 64 << 20;

    /// <summary>Reads and checks a genesis file.</summary>
    /// <exception cref="CommandFailure">The message names file, line and thing, one line a fault.</exception>
    internal static Genesis Read(string path) => Read(path, null);

    /// <summary>
    /// Reads a genesis, or the validators file that one is made from: with <paramref name="now"/>, the time may be absent and
    /// a validator may name its keystore instead of its key.
    /// </summary>
    internal static Genesis Read(string path, DateTimeOffset? now)
    {
        var kind = now is null ? "genesis file" : "validators file";
        var problems = new Problems(path);
        var root = Section.Open(BoundedFile.Read(path, MaxBytes, kind), path, problems);
        var draft = GenesisDraft.Read(root, Path.GetDirectoryName(Path.GetFullPath(path))!, now);
        root.End();
        var genesis = draft.IsReadable ? draft.Build() : null;
        problems.ThrowIfAny();
        return genesis!;
    }

    /// <summary>Writes a genesis so that <see cref="Read(string)"/> gives it back. Every rule is written out.</summary>
    internal static string Write(Genesis genesis)
    {
        var rules = genesis.Rules;
        var lines = new List<string>
        {
            "{",
            $"  // Genesis of chain {rules.ChainId}; its hash is {genesis.Hash}.",
            "  // All nodes of the chain need this very file's content: a change makes another chain.",
            $"  \"chainId\": {rules.ChainId},",
            $"  \"time\": \"{DateTimeOffset.FromUnixTimeMilliseconds((long)genesis.Time).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)}\",",
            "  \"rules\": {",
        };
        lines.AddRange(GenesisDraft.Rules.Select(rule => $"    \"{rule.Key}\": {rule.Write(rules)},"));
        lines.Add("  },");
        lines.Add("  \"validators\": [");
        lines.AddRange(
            genesis.Validators.Select(static it => $"    {{ \"key\": \"{it.Key}\", \"stake\": \"{Amount.Write(it.Stake)}\" }},"));
        lines.Add("  ],");
        lines.Add("  \"accounts\": [");
        lines.AddRange(
            genesis.Accounts.Select(static it => $"    {{ \"address\": \"{it.Address}\", \"balance\": \"{Amount.Write(it.Balance)}\" }},"));
        lines.Add("  ],");
        lines.Add("}");
        return string.Join('\n', lines) + "\n";
    }

    /// <summary>A validators file to start from; it reads as it is.</summary>
    internal static string Example()
    {
        using var first = DevnetKeys.Account(100);
        using var second = DevnetKeys.Account(101);
        return $$"""
            // A validators file: luxtensor init --validators FILE --out DIR makes a genesis of it.
            // Replace the keys: these are public examples. Make your own with: luxtensor keys new --out validator1.json
            {
              "chainId": 7001,                     // any number that no other chain of yours has; 1 to 2^53-1
              // "time": "2026-01-01T00:00:00Z",   // when the chain begins; absent means now
              "rules": {                           // every rule may be left out
                "blockInterval": "1s",
                "roundTimeout": "30s",
                "roundTimeoutStep": "15s",
                "quorumPercent": 67,
                "minimumStake": "32",              // tokens
                "minimumFee": "1 unit",            // base units, 10^18 to a token
                "subsidy": "1",                    // tokens; the block of height h mints this times (1 + ln h)
                "slashPercent": 5,                 // of the stake, for a double vote
              },
              "validators": [                      // the order gives each its index
                { "key": "{{first.PublicKey}}", "stake": "32" },
                { "key": "{{second.PublicKey}}", "stake": "32" },
                // { "keystore": "validator1.json", "stake": "100.5" },
              ],
              "accounts": [
                { "address": "{{Address.Of(first.PublicKey)}}", "balance": "1000" },
              ],
            }

            """;
    }
}
