using System.Text.RegularExpressions;

namespace LuxTensor.Tests.Rpc;

/// <summary>Checks a value against a JSON schema, as far as the OpenRPC document uses schemas. A keyword it does not know is a fault.</summary>
internal sealed class SchemaChecker(JsonElement document)
{
    /// <summary>Where and why the value does not fit, or null.</summary>
    public string? Fault(JsonElement schema, JsonElement value, string path = "$")
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            var rule = keyword.Value;
            var fault = keyword.Name switch
            {
                "$ref" => Fault(Resolve(rule.GetString()!), value, path),
                "type" => HasType(value, rule.GetString()!) ? null : $"{path} is {value.ValueKind}, not {rule}",
                "pattern" => value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, rule.GetString()!, RegexOptions.None, TimeSpan.FromSeconds(1))
                    ? null
                    : $"{path} is {value}, not {rule}",
                "enum" => rule.EnumerateArray().Any(allowed => JsonElement.DeepEquals(allowed, value)) ? null : $"{path} is {value}, not of {rule}",
                "const" => JsonElement.DeepEquals(rule, value) ? null : $"{path} is {value}, not {rule}",
                "minimum" => value.GetDouble() >= rule.GetDouble() ? null : $"{path} is {value}",
                "maximum" => value.GetDouble() <= rule.GetDouble() ? null : $"{path} is {value}",
                "maxItems" => value.GetArrayLength() <= rule.GetInt32() ? null : $"{path} has {value.GetArrayLength()} items",
                "anyOf" => AnyOf(rule, value, path),
                "items" => value.EnumerateArray().Select((item, i) => Fault(rule, item, $"{path}[{i}]")).FirstOrDefault(found => found is not null),
                "required" => rule.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _))
                    .Select(name => $"{path} has no {name}").FirstOrDefault(),
                "properties" => rule.EnumerateObject().Where(property => value.TryGetProperty(property.Name, out _))
                    .Select(property => Fault(property.Value, value.GetProperty(property.Name), $"{path}.{property.Name}"))
                    .FirstOrDefault(found => found is not null),
                "additionalProperties" => value.EnumerateObject().Where(member => !schema.GetProperty("properties").TryGetProperty(member.Name, out _))
                    .Select(member => $"{path} has an unknown {member.Name}").FirstOrDefault(),
                _ => $"unknown keyword {keyword.Name}",
            };
            if (fault is not null)
            {
                return fault;
            }
        }

        return null;
    }

    private string? AnyOf(JsonElement options, JsonElement value, string path)
    {
        var faults = options.EnumerateArray().Select(option => Fault(option, value, path)).ToArray();
        return faults.Contains(null) ? null : string.Join("; ", faults);
    }

    private JsonElement Resolve(string reference)
    {
        var at = document;
        foreach (var step in reference.Split('/').Skip(1))
        {
            at = at.GetProperty(step);
        }

        return at;
    }

    private static bool HasType(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        _ => false,
    };
}
