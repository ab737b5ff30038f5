namespace LuxTensor.Core.Validators;

/// <summary>
/// Which validator set each epoch has. The set of an epoch is fixed one epoch ahead, so a header can name its own and the
/// next, and votes for blocks that run ahead can be verified (EPO-4). The set is the genesis set until transactions
/// change it.
/// </summary>
public sealed class EpochSchedule(EpochSnapshot genesis)
{
    private EpochSnapshot latest = genesis; // the last one asked for: consensus asks for the same epoch again and again

    /// <summary>The snapshot of an epoch.</summary>
    public EpochSnapshot Of(ulong epoch)
    {
        var known = Volatile.Read(ref latest);
        if (known.Epoch == epoch)
        {
            return known;
        }

        var made = known.For(epoch); // shares everything with any other epoch's
        Volatile.Write(ref latest, made);
        return made;
    }
}
