using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>The guard's statements on one connection. Every method runs inside a transaction of the caller's.</summary>
internal sealed class GuardStore : IDisposable
{
    private readonly string path;
    private readonly Statement find, insert, last, oldestKept, prune, getWatermark, putWatermark, getBlocked, putBlocked, deleteBlocked;
    private readonly Statement newest, validators;

    internal GuardStore(string path, Database database)
    {
        this.path = path;
        Database = database;
        find = database.Prepare("SELECT epoch, block, signature, sum FROM signed WHERE validator = ?1 AND height = ?2 AND round = ?3 AND phase = ?4");
        insert = database.Prepare("INSERT INTO signed VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        last = database.Prepare(
            $"SELECT height, round, phase FROM signed WHERE validator = ?1 AND phase <> {(int)Phase.Propose} "
            + "ORDER BY height DESC, round DESC, phase DESC LIMIT 1");
        oldestKept = database.Prepare(
            "SELECT height, round, phase FROM signed WHERE validator = ?1 ORDER BY height DESC, round DESC, phase DESC LIMIT 1 OFFSET ?2");
        prune = database.Prepare("DELETE FROM signed WHERE validator = ?1 AND (height, round, phase) <= (?2, ?3, ?4)");
        getWatermark = database.Prepare("SELECT height, round, phase, sum FROM watermark WHERE validator = ?1");
        putWatermark = database.Prepare("INSERT OR REPLACE INTO watermark VALUES (?1, ?2, ?3, ?4, ?5)");
        getBlocked = database.Prepare("SELECT height, round, phase, sum FROM blocked WHERE validator = ?1");
        putBlocked = database.Prepare("INSERT OR REPLACE INTO blocked VALUES (?1, ?2, ?3, ?4, ?5)");
        deleteBlocked = database.Prepare("DELETE FROM blocked WHERE validator = ?1");
        newest = database.Prepare(
            "SELECT height, round, phase, epoch, block, signature, sum FROM signed WHERE validator = ?1 ORDER BY height DESC, round DESC, phase DESC LIMIT ?2");
        validators = database.Prepare("SELECT validator FROM signed UNION SELECT validator FROM watermark UNION SELECT validator FROM blocked ORDER BY validator");
    }

    internal Database Database { get; }

    internal SignedVote? Find(Address validator, SigningPosition position)
    {
        using (find.BindAddress(1, validator).BindPosition(2, position).Rows())
        {
            return find.Step() ? ReadVote(find, 0, validator, position) : null;
        }
    }

    internal void Insert(Address validator, SigningPosition position, SignedVote vote)
    {
        Span<byte> signature = stackalloc byte[Signature.Size];
        Span<byte> block = stackalloc byte[Hash256.Size];
        vote.Signature.CopyTo(signature);
        vote.Block.CopyTo(block);
        insert.BindAddress(1, validator).BindPosition(2, position).Bind(5, unchecked((long)vote.Epoch)).Bind(6, block).Bind(7, signature)
            .Bind(8, GuardRows.SumOfSigned(validator, position, vote.Epoch, block, signature)).Run();
    }

    /// <summary>The newest votes of a validator, newest first.</summary>
    internal List<(SigningPosition Position, SignedVote Vote)> Newest(Address validator, int limit)
    {
        var found = new List<(SigningPosition, SignedVote)>();
        using (newest.BindAddress(1, validator).Bind(2, limit).Rows())
        {
            while (newest.Step())
            {
                var position = newest.Position(0);
                found.Add((position, ReadVote(newest, 3, validator, position)));
            }
        }

        return found;
    }

    /// <summary>Every validator with a record of any kind, in order of address.</summary>
    internal List<Address> Validators()
    {
        var found = new List<Address>();
        using (validators.Rows())
        {
            while (validators.Step())
            {
                found.Add(new Address(validators.Blob(0)));
            }
        }

        return found;
    }

    /// <summary>The highest position of a prepare or precommit, or at or below which everything is refused.</summary>
    internal SigningPosition? Last(Address validator)
    {
        SigningPosition? signed = null;
        using (last.BindAddress(1, validator).Rows())
        {
            if (last.Step())
            {
                signed = last.Position(0);
            }
        }

        return Max(signed, Watermark(validator));
    }

    internal SigningPosition? Watermark(Address validator) => ReadPosition(getWatermark, RowKind.Watermark, validator);

    /// <summary>Raises the watermark; it never falls.</summary>
    internal void RaiseWatermark(Address validator, SigningPosition position)
    {
        if (Watermark(validator) is not { } there || there.CompareTo(position) < 0)
        {
            WritePosition(putWatermark, RowKind.Watermark, validator, position);
        }
    }

    internal SigningPosition? Blocked(Address validator) => ReadPosition(getBlocked, RowKind.Blocked, validator);

    internal void Block(Address validator, SigningPosition position) =>
        WritePosition(putBlocked, RowKind.Blocked, validator, Max(position, Blocked(validator))!.Value);

    internal void Unblock(Address validator) => deleteBlocked.BindAddress(1, validator).Run();

    /// <summary>Forgets all but the newest votes of a validator; what is forgotten is below the watermark from then on.</summary>
    internal void Prune(Address validator, int kept)
    {
        SigningPosition cut;
        using (oldestKept.BindAddress(1, validator).Bind(2, kept).Rows())
        {
            if (!oldestKept.Step())
            {
                return;
            }

            cut = oldestKept.Position(0);
        }

        RaiseWatermark(validator, cut);
        prune.BindAddress(1, validator).BindPosition(2, cut).Run();
    }

    /// <summary>Checks every page and every row; the file is bounded, so this is quick.</summary>
    /// <exception cref="JournalException">Something is damaged.</exception>
    internal void VerifyAll()
    {
        var report = Database.Text("PRAGMA quick_check(1)");
        if (!string.Equals(report, "ok", StringComparison.Ordinal))
        {
            throw Faults.Damaged(path, report);
        }

        VerifySigned();
        VerifyPositions("watermark", RowKind.Watermark);
        VerifyPositions("blocked", RowKind.Blocked);
    }

    public void Dispose() => Database.Dispose();

    internal static SigningPosition? Max(SigningPosition? a, SigningPosition? b) =>
        a is { } x && b is { } y ? (x.CompareTo(y) >= 0 ? x : y) : a ?? b;

    private SignedVote ReadVote(Statement row, int column, Address validator, SigningPosition position)
    {
        var epoch = unchecked((ulong)row.Integer(column));
        var block = row.Blob(column + 1);
        var signature = row.Blob(column + 2);
        return block.Length == Hash256.Size && signature.Length == Signature.Size
            && row.Integer(column + 3) == GuardRows.SumOfSigned(validator, position, epoch, block, signature)
            ? new SignedVote(epoch, new Hash256(block), new Signature(signature))
            : throw Faults.Damaged(path, $"the vote of {validator} at height {position.Height}, round {position.Round}, {position.Phase}");
    }

    private SigningPosition? ReadPosition(Statement select, RowKind kind, Address validator)
    {
        using (select.BindAddress(1, validator).Rows())
        {
            if (!select.Step())
            {
                return null;
            }

            var position = select.Position(0);
            return select.Integer(3) == GuardRows.SumOfPosition(kind, validator, position)
                ? position
                : throw Faults.Damaged(path, $"the {kind.ToString().ToLowerInvariant()} row of {validator}");
        }
    }

    private static void WritePosition(Statement put, RowKind kind, Address validator, SigningPosition position) =>
        put.BindAddress(1, validator).BindPosition(2, position).Bind(5, GuardRows.SumOfPosition(kind, validator, position)).Run();

    // From the first row to the last, not by key: a search does not find a row whose key was changed, and neither would we.
    private void VerifySigned()
    {
        (Address, SigningPosition)? previous = null;
        var row = Database.Prepare(
            "SELECT validator, height, round, phase, epoch, block, signature, sum FROM signed ORDER BY validator, height, round, phase");
        using (row.Rows())
        {
            while (row.Step())
            {
                var key = (AddressAt(row), row.Position(1));
                _ = ReadVote(row, 4, key.Item1, key.Item2);
                previous = previous is not { } before || before.CompareTo(key) < 0 ? key : throw Faults.Damaged(path, $"the order of the votes of {key.Item1}");
            }
        }
    }

    private void VerifyPositions(string table, RowKind kind)
    {
        Address? previous = null;
        var row = Database.Prepare($"SELECT validator, height, round, phase, sum FROM {table} ORDER BY validator");
        using (row.Rows())
        {
            while (row.Step())
            {
                var validator = AddressAt(row);
                if (row.Integer(4) != GuardRows.SumOfPosition(kind, validator, row.Position(1)) || previous?.CompareTo(validator) >= 0)
                {
                    throw Faults.Damaged(path, $"the {table} row of {validator}");
                }

                previous = validator;
            }
        }
    }

    private Address AddressAt(Statement row) =>
        row.Blob(0) is { Length: Address.Size } bytes ? new Address(bytes) : throw Faults.Damaged(path, "a validator's address");
}
