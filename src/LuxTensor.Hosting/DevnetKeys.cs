using System.Globalization;
using System.Text;
using LuxTensor.Crypto;

namespace LuxTensor.Hosting;

/// <summary>
/// The accounts of every devnet. Their keys are public knowledge, so that any client can use them without asking: the seed
/// of account n is SHA-256("LuxTensor devnet account n"), n in decimal. They hold tokens on devnets and nowhere else.
/// </summary>
internal static class DevnetKeys
{
    /// <summary>Accounts that a devnet's genesis funds; the first is the faucet.</summary>
    internal const int Count = 16;

    /// <summary>A new copy of an account's key; 0 is the faucet.</summary>
    internal static SigningKey Account(int number)
    {
        var name = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"LuxTensor devnet account {number}"));
        return SigningKey.FromSeed(Sha256.Hash(name).ToArray());
    }
}
