using System.Globalization;
using System.Text.Json;
using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Storage;

/// <summary>What an import or export moved.</summary>
/// <param name="Validators">Validators named.</param>
/// <param name="Votes">Signed blocks and attestations.</param>
public readonly record struct InterchangeSummary(int Validators, int Votes);

/// <summary>
/// Moves a guard's records from one machine to another in the format of EIP-3076, version 5. The genesis hash stands for
/// genesis_validators_root; proposals are signed_blocks, prepares and precommits are signed_attestations, with height and
/// round mapped to slot and epoch (<see cref="InterchangePlaces"/>); pubkey is the validator's Ed25519 key where the exporter
/// knows it, its address otherwise; signing_root is the SHA-256 of the signed message. Signatures are not part of the
/// format, so the importer refuses everything at or below the highest position of a validator.
/// </summary>
public static class Interchange
{
    /// <summary>Largest file that is read.</summary>
    public const int MaxFileBytes = 64 << 20;

    /// <summary>Votes of a validator in an export, the newest ones; the highest of them stands for all below it.</summary>
    public const int MaxVotesEach = 1_000;

    private const string Version = "5";

    /// <summary>Writes the records of every validator that the guard knows.</summary>
    /// <param name="guard">The guard.</param>
    /// <param name="destination">Where the JSON goes, UTF-8.</param>
    /// <param name="known">Public keys of the guard's validators, as far as they are at hand.</param>
    /// <exception cref="GuardException">A height or round is too large for the format.</exception>
    /// <exception cref="JournalException">The guard cannot be read.</exception>
    public static InterchangeSummary Export(SqliteSigningGuard guard, Stream destination, IEnumerable<PublicKey>? known = null)
    {
        var records = guard.Write("exporting", () => guard.Store.Validators().ConvertAll(validator => new GuardRecords(
            validator, guard.Store.Newest(validator, MaxVotesEach),
            GuardStore.Max(guard.Store.Watermark(validator), guard.Store.Blocked(validator)))));
        return Export(records, guard.Options.ChainId, guard.Options.Genesis, destination, known);
    }

    /// <inheritdoc cref="Export(SqliteSigningGuard, Stream, IEnumerable{PublicKey}?)"/>
    public static InterchangeSummary Export(PostgresSigningGuard guard, Stream destination, IEnumerable<PublicKey>? known = null) =>
        Export(guard.ReadAll(MaxVotesEach), guard.Genesis.Rules.ChainId, guard.Genesis.Hash, destination, known);

    private static InterchangeSummary Export(
        List<GuardRecords> records, ulong chainId, Hash256 genesis, Stream destination, IEnumerable<PublicKey>? known)
    {
        var keys = (known ?? []).ToDictionary(Address.Of, key => key.ToString());
        using var json = new Utf8JsonWriter(destination, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteString("interchange_format_version", Version);
        json.WriteString("genesis_validators_root", genesis.ToString());
        json.WriteEndObject();
        json.WriteStartArray("data");
        var votes = 0;
        foreach (var (validator, signed, watermark) in records)
        {
            var entries = signed.ConvertAll(vote => (vote.Position, Root: (string?)RootOf(chainId, vote.Position, vote.Vote)));
            if (watermark is { } last && (entries.Count == 0 || last.CompareTo(entries[0].Position) > 0))
            {
                entries.Insert(0, (last, null)); // signed elsewhere, or by an import: a position without a known message
            }

            entries.Reverse();
            votes += entries.Count;
            Write(json, keys.GetValueOrDefault(validator) ?? validator.ToString(), entries);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return new InterchangeSummary(records.Count, votes);
    }

    /// <summary>
    /// Takes in a file: every validator in it is refused all positions up to the highest one named, and what the guard knew
    /// stays. One transaction: of a file with a fault nothing is taken in.
    /// </summary>
    /// <exception cref="GuardException">The file is too long, malformed, or of another chain; the message names the field.</exception>
    /// <exception cref="JournalException">The guard cannot be written.</exception>
    public static InterchangeSummary Import(SqliteSigningGuard guard, Stream source)
    {
        var highest = InterchangeReader.Read(ReadBounded(source), guard.Options.Genesis, out var votes);
        return guard.Write("importing", () =>
        {
            foreach (var (validator, position) in highest)
            {
                guard.Store.RaiseWatermark(validator, position);
            }

            return new InterchangeSummary(highest.Count, votes);
        });
    }

    /// <inheritdoc cref="Import(SqliteSigningGuard, Stream)"/>
    public static InterchangeSummary Import(PostgresSigningGuard guard, Stream source)
    {
        var highest = InterchangeReader.Read(ReadBounded(source), guard.Genesis.Hash, out var votes);
        guard.RaiseAll(highest);
        return new InterchangeSummary(highest.Count, votes);
    }

    private static void Write(Utf8JsonWriter json, string pubkey, List<(SigningPosition Position, string? Root)> entries)
    {
        json.WriteStartObject();
        json.WriteString("pubkey", pubkey);
        json.WriteStartArray("signed_blocks");
        foreach (var (position, root) in entries.Where(entry => entry.Position.Phase == Phase.Propose))
        {
            json.WriteStartObject();
            json.WriteString("slot", InterchangePlaces.SlotOf(position).ToString(CultureInfo.InvariantCulture));
            WriteRoot(json, root);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("signed_attestations");
        foreach (var (position, root) in entries.Where(entry => entry.Position.Phase != Phase.Propose))
        {
            json.WriteStartObject();
            json.WriteString("source_epoch", position.Height.ToString(CultureInfo.InvariantCulture));
            json.WriteString("target_epoch", InterchangePlaces.TargetOf(position).ToString(CultureInfo.InvariantCulture));
            WriteRoot(json, root);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRoot(Utf8JsonWriter json, string? root)
    {
        if (root is not null)
        {
            json.WriteString("signing_root", root);
        }
    }

    private static string RootOf(ulong chainId, SigningPosition position, SignedVote vote)
    {
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        new Ballot(chainId, vote.Epoch, position.Height, position.Round, position.Phase, vote.Block).WriteMessage(message);
        return Sha256.Hash(message).ToString();
    }

    private static byte[] ReadBounded(Stream source)
    {
        using var kept = new MemoryStream();
        var buffer = new byte[64 << 10];
        int read;
        while ((read = source.Read(buffer)) > 0)
        {
            if (kept.Length + read > MaxFileBytes)
            {
                throw new GuardException($"the interchange file is longer than {MaxFileBytes >> 20} MiB: export fewer validators at a time");
            }

            kept.Write(buffer, 0, read);
        }

        return kept.ToArray();
    }
}
