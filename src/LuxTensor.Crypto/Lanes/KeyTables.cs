namespace LuxTensor.Crypto.Lanes;

/// <summary>
/// Tables by key, bounded in bytes. Two generations of half the bytes each: a table that is used moves to the young one, and when that is full
/// the old one is forgotten. A key without a table that comes again and again is given one in the background, on one thread of the pool at a time.
/// </summary>
internal sealed class KeyTables(long maxBytes)
{
    private const int MaxSeen = 8192;
    private const int SightingsBeforeTable = 3; // building costs what some verifications do
    private const int MaxInadmissible = 1024;

    private readonly int generation = (int)long.Clamp(maxBytes / 2 / CombTable.BytesOf(CombShape.OfKey), 1, int.MaxValue);
    private readonly Lock gate = new();
    private readonly Dictionary<PublicKey, int> sightings = [];
    private readonly Queue<PublicKey> waiting = [];
    private readonly HashSet<PublicKey> inadmissible = [];
    private Dictionary<PublicKey, CombTable> young = [];
    private Dictionary<PublicKey, CombTable> old = [];
    private bool isBuilding;

    internal int Count
    {
        get
        {
            lock (gate)
            {
                return young.Count + old.Keys.Count(key => !young.ContainsKey(key));
            }
        }
    }

    /// <summary>Gives the tables that there are, null for the others, and has those built.</summary>
    internal void Find(ReadOnlySpan<SignedMessage> signed, Span<CombTable?> tables)
    {
        var build = false;
        lock (gate)
        {
            for (var i = 0; i < signed.Length; i++)
            {
                var key = signed[i].Key;
                if (!young.TryGetValue(key, out tables[i]) && old.TryGetValue(key, out tables[i]))
                {
                    Keep(key, tables[i]!);
                }

                if (tables[i] is null)
                {
                    Await(key);
                }
            }

            if (waiting.Count > 0 && !isBuilding)
            {
                isBuilding = build = true;
            }
        }

        if (build)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static tables => tables.BuildWaiting(), this, preferLocal: false);
        }
    }

    /// <summary>Builds the tables of keys that have none, here and now; inadmissible keys get none.</summary>
    internal void Prepare(IEnumerable<PublicKey> keys)
    {
        foreach (var key in keys)
        {
            bool isKnown;
            lock (gate)
            {
                isKnown = young.ContainsKey(key) || old.ContainsKey(key) || inadmissible.Contains(key);
            }

            if (!isKnown)
            {
                Build(key);
            }
        }
    }

    /// <summary>Counts a key without a table, and has it wait for one when it came often enough.</summary>
    private void Await(PublicKey key)
    {
        if (inadmissible.Contains(key))
        {
            return;
        }

        if (sightings.Count >= MaxSeen && waiting.Count == 0)
        {
            sightings.Clear(); // many keys that came once or twice
        }

        if (sightings.Count >= MaxSeen && !sightings.ContainsKey(key))
        {
            return;
        }

        sightings.TryGetValue(key, out var before);
        sightings[key] = before + 1;
        if (before + 1 == SightingsBeforeTable)
        {
            waiting.Enqueue(key);
        }
    }

    private void BuildWaiting()
    {
        while (true)
        {
            PublicKey key;
            lock (gate)
            {
                if (!waiting.TryDequeue(out key))
                {
                    isBuilding = false;
                    return;
                }
            }

            Build(key);
        }
    }

    private void Build(PublicKey key)
    {
        var table = Ed25519.IsAdmissible(key) ? CombTable.OfKey(key) : null;
        lock (gate)
        {
            sightings.Remove(key);
            if (table is not null)
            {
                Keep(key, table);
                return;
            }

            if (inadmissible.Count >= MaxInadmissible)
            {
                inadmissible.Clear();
            }

            inadmissible.Add(key);
        }
    }

    private void Keep(PublicKey key, CombTable table)
    {
        if (young.Count >= generation)
        {
            old = young;
            young = [];
        }

        young[key] = table;
    }
}
