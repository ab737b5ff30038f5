using System.Buffers;
using System.Text.Json;

namespace LuxTensor.Rpc;

/// <summary>The OpenRPC 1.3.2 document, written from the table that dispatches.</summary>
internal static class OpenRpc
{
    public static Method Discover { get; } = new(
        "rpc.discover", "This document.", [], new Described("document", """{"type":"object"}"""))
    {
        Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
        {
            json.WriteRawValue(caller.Services.Methods.Document.Value, skipInputValidation: true);
            return arguments.End();
        },
    };

    public static byte[] Write(IEnumerable<Method> methods)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("openrpc"u8, "1.3.2");
        json.WriteStartObject("info"u8);
        json.WriteString("title"u8, "LuxTensor.Orleans");
        json.WriteString("version"u8, "0.1.0");
        json.WriteString("description"u8, "Ethereum's reading methods in its shapes, and the chain's own under lux_. Integers are hexadecimal quantities.");
        json.WriteEndObject();
        json.WriteStartArray("methods"u8);
        foreach (var method in methods)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, method.Name);
            json.WriteString("summary"u8, method.Summary);
            json.WriteString("paramStructure"u8, "by-position"u8);
            json.WriteStartArray("params"u8);
            foreach (var parameter in method.Parameters)
            {
                WriteDescribed(json, parameter, isParameter: true);
            }

            json.WriteEndArray();
            json.WritePropertyName("result"u8);
            WriteDescribed(json, method.Result, isParameter: false);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("components"u8);
        json.WriteStartObject("schemas"u8);
        foreach (var (name, schema) in Schemas.Components)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(schema);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteDescribed(Utf8JsonWriter json, Described described, bool isParameter)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, described.Name);
        if (isParameter)
        {
            json.WriteBoolean("required"u8, described.Required);
        }

        json.WritePropertyName("schema"u8);
        json.WriteRawValue(described.Schema);
        json.WriteEndObject();
    }
}
