using LuxTensor.Crypto;

namespace LuxTensor.Hosting;

/// <summary>Opens keystores.</summary>
internal static class OpenedKey
{
    /// <summary>The key of a keystore, with a password from wherever one is.</summary>
    /// <exception cref="KeystoreException">The keystore, or its password, is wrong; the message names the file.</exception>
    internal static SigningKey From(Terminal terminal, string path, string? passwordFile, bool groupMayRead = false)
    {
        var json = KeystoreFile.Read(path, groupMayRead); // before the password: nobody types one for a file that is refused
        using var password = Password.Get(terminal, passwordFile, path, isNew: false, groupMayRead);
        try
        {
            return Keystore.Decrypt(json, password.Characters);
        }
        catch (KeystoreException e)
        {
            throw new KeystoreException(e.Fault, $"{path}: {e.Message}", e);
        }
    }

    /// <summary>The keys of several keystores, all different. Whoever calls disposes them.</summary>
    /// <exception cref="CommandFailure">Two keystores hold one key.</exception>
    internal static IReadOnlyList<SigningKey> All(Terminal terminal, IEnumerable<Configuration.KeySettings> settings, bool groupMayRead = false)
    {
        var keys = new List<SigningKey>();
        try
        {
            foreach (var (keystore, passwordFile) in settings)
            {
                var key = From(terminal, keystore, passwordFile, groupMayRead);
                keys.Add(key);
                if (keys.Count(other => other.PublicKey == key.PublicKey) > 1)
                {
                    throw CommandFailure.Usage($"{keystore} holds a key that another keystore of the configuration holds too: "
                        + $"{key.PublicKey}");
                }
            }

            return keys;
        }
        catch
        {
            keys.ForEach(static key => key.Dispose());
            throw;
        }
    }
}
