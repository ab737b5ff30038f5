using System.Text.Json;

namespace LuxTensor.Rpc;

/// <summary>Serialises notes.</summary>
internal static class Notes
{
    public static Note Write(Action<Utf8JsonWriter> value)
    {
        using var exchange = Exchange.Rent();
        exchange.Json.Reset();
        value(exchange.Json);
        exchange.Json.Flush();
        return new Note(exchange.Written.ToArray());
    }
}
