namespace LuxTensor.Tests.Simulation;

/// <summary>Pieces of work on several threads, with the results in the order of the pieces.</summary>
internal static class Side
{
    /// <summary>
    /// Runs pieces 0 to <paramref name="count"/> - 1 and gives their results in order. Whoever stops asking stops the work;
    /// no thread is further ahead of him than a few pieces.
    /// </summary>
    public static IEnumerable<T> BySide<T>(int jobs, int count, Func<int, T> run)
    {
        var gate = new object();
        var done = new Dictionary<int, T>();
        var (next, given, isOver) = (0, 0, false);
        void Work()
        {
            while (true)
            {
                int mine;
                lock (gate)
                {
                    while (!isOver && next < count && next >= given + (8 * jobs))
                    {
                        Monitor.Wait(gate);
                    }

                    if (isOver || next >= count)
                    {
                        return;
                    }

                    mine = next++;
                }

                var result = run(mine);
                lock (gate)
                {
                    done.Add(mine, result);
                    Monitor.PulseAll(gate);
                }
            }
        }

        var threads = Enumerable.Range(0, jobs).Select(_ => new Thread(Work) { IsBackground = true }).ToArray();
        foreach (var thread in threads)
        {
            thread.Start();
        }

        try
        {
            for (; given < count; Advance())
            {
                yield return Take();
            }
        }
        finally
        {
            lock (gate)
            {
                isOver = true;
                Monitor.PulseAll(gate);
            }
        }

        T Take()
        {
            lock (gate)
            {
                while (!done.ContainsKey(given))
                {
                    Monitor.Wait(gate);
                }

                done.Remove(given, out var result);
                return result!;
            }
        }

        void Advance()
        {
            lock (gate)
            {
                given++;
                Monitor.PulseAll(gate);
            }
        }
    }
}
