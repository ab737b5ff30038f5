namespace LuxTensor.Crypto;

/// <summary>
/// Remembers keys that were found admissible, because admission costs more than a verification and a sender comes again.
/// Two generations of at most <see cref="Generation"/> keys, about 6 MB: when the young one is full the old one is
/// forgotten. Inadmissible keys are not remembered, so they cannot push out others.
/// </summary>
internal sealed class AdmissionMemo(int generation = AdmissionMemo.Generation)
{
    private const int Generation = 65_536;

    private readonly Lock gate = new();
    private HashSet<PublicKey> young = [];
    private HashSet<PublicKey> old = [];

    public bool IsAdmissible(PublicKey key, Func<PublicKey, bool> check)
    {
        lock (gate)
        {
            if (young.Contains(key) || old.Contains(key))
            {
                return true;
            }
        }

        if (!check(key))
        {
            return false;
        }

        lock (gate)
        {
            if (young.Count >= generation)
            {
                old = young;
                young = [];
            }

            young.Add(key);
            return true;
        }
    }
}
