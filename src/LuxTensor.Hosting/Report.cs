using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LuxTensor.Hosting;

/// <summary>A command's answer: named values that are printed as aligned lines for a human or as one JSON object for a machine.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Prints the values; null is left out for a human.</summary>
    internal static void Print(Terminal terminal, bool json, params IReadOnlyList<(string Key, JsonNode? Value)> values)
    {
        if (json)
        {
            terminal.Out.WriteLine(Json(values));
            return;
        }

        var shown = values.Where(static it => it.Value is not null).Select(static it => (Label: Words(it.Key), it.Value)).ToArray();
        var width = shown.Max(static it => it.Label.Length);
        foreach (var (label, value) in shown)
        {
            terminal.Out.WriteLine($"{label.PadRight(width)}  {Text(value!)}");
        }
    }

    /// <summary>One JSON object on one line.</summary>
    internal static string Json(params IReadOnlyList<(string Key, JsonNode? Value)> values) =>
        new JsonObject(values.Select(static it => KeyValuePair.Create(it.Key, it.Value?.DeepClone()))).ToJsonString(Compact);

    /// <summary>"camelCase" as "camel case".</summary>
    internal static string Words(string key)
    {
        var words = new StringBuilder(key.Length + 4);
        foreach (var letter in key)
        {
            if (char.IsUpper(letter))
            {
                words.Append(' ');
            }

            words.Append(char.ToLowerInvariant(letter));
        }

        return words.ToString();
    }

    private static string Text(JsonNode value) => value switch
    {
        JsonArray array => string.Join(", ", array.Select(static it => it is null ? "-" : Text(it))),
        JsonObject or null => value?.ToJsonString(Compact) ?? "",
        _ => value.ToString(),
    };
}
