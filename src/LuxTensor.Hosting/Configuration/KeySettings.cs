namespace LuxTensor.Hosting.Configuration;

/// <summary>A keystore and the file with its password; without one, the password is asked for.</summary>
internal sealed record KeySettings(string Keystore, string? PasswordFile)
{
    /// <summary>The list "keys" of a settings file: no keystore twice.</summary>
    internal static IReadOnlyList<KeySettings> Read(Section root, string folder)
    {
        var keys = new List<KeySettings>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var section in root.Sections("keys"))
        {
            var keystore = section.File("keystore", folder, required: true);
            var password = section.File("passwordFile", folder);
            section.End();
            if (keystore is not null && !lines.TryAdd(keystore, section.LineOf("keystore")))
            {
                section.Wrong("keystore", $"is named twice, first in line {lines[keystore]}");
            }
            else if (keystore is not null)
            {
                keys.Add(new KeySettings(keystore, password));
            }
        }

        return keys;
    }
}
