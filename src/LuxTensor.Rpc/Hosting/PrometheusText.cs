using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace LuxTensor.Rpc;

/// <summary>
/// Listens to meters and writes what they measured in Prometheus' text format: those that it is told, else every one named
/// LuxTensor.*, of another scope than this excepted. Series are bounded: past the limit of an instrument, further label sets are
/// counted together under overflow="true".
/// </summary>
internal sealed class PrometheusText : IDisposable
{
    private const int MaxSeries = 256;
    private static readonly double[] DefaultBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private readonly MeterListener listener = new();
    private readonly Lock gate = new();
    private readonly Dictionary<Instrument, Family> families = [];

    public PrometheusText(Func<Meter, bool>? which = null)
    {
        listener.InstrumentPublished = (instrument, listening) =>
        {
            var meter = instrument.Meter;
            if (which?.Invoke(meter) ?? (meter.Name.StartsWith("LuxTensor.", StringComparison.Ordinal) && (meter.Scope is null || ReferenceEquals(meter.Scope, this))))
            {
                lock (gate)
                {
                    families[instrument] = new Family(instrument);
                }

                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.MeasurementsCompleted = (instrument, _) =>
        {
            lock (gate)
            {
                families.Remove(instrument);
            }
        };
        listener.SetMeasurementEventCallback<byte>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<short>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<float>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<decimal>((instrument, value, tags, _) => Record(instrument, (double)value, tags));
        listener.Start();
    }

    public void Dispose() => listener.Dispose();

    /// <summary>The current figures.</summary>
    public string Write()
    {
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (gate)
        {
            // Several nodes in one process have instruments of one name: one family, their series told apart by a number.
            foreach (var family in families.Values.GroupBy(family => family.Name, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
            {
                var parts = family.ToArray();
                parts[0].WriteHead(text);
                for (var i = 0; i < parts.Length; i++)
                {
                    parts[i].WriteSeries(text, parts.Length == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"node=\"{i + 1}\""));
                }
            }
        }

        return text.ToString();
    }

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (gate)
        {
            if (families.TryGetValue(instrument, out var family))
            {
                family.Record(value, tags);
            }
        }
    }

    private sealed class Family
    {
        private readonly Instrument instrument;
        private readonly string type;
        private readonly bool accumulates;
        private readonly double[] bounds = [];
        private readonly Dictionary<string, Series> series = new(StringComparer.Ordinal);

        public Family(Instrument instrument)
        {
            this.instrument = instrument;
            var generic = instrument.GetType().Name;
            var isObservable = instrument.IsObservable;
            type = generic.StartsWith("Histogram", StringComparison.Ordinal) ? "histogram"
                : generic.Contains("UpDown", StringComparison.Ordinal) || generic.Contains("Gauge", StringComparison.Ordinal) ? "gauge"
                : "counter";
            accumulates = !isObservable && !generic.StartsWith("Gauge", StringComparison.Ordinal);
            if (type == "histogram")
            {
                bounds = instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } advised } ? [.. advised]
                    : instrument.Unit == "ms" ? [.. DefaultBounds.Select(static seconds => seconds * 1_000)]
                    : DefaultBounds;
            }

            var name = Clean(instrument.Name);
            var unit = instrument.Unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", _ => "" };
            name = name.EndsWith(unit, StringComparison.Ordinal) ? name : name + unit;
            Name = type == "counter" ? name + (name.EndsWith("_total", StringComparison.Ordinal) ? "" : "_total") : name;
        }

        public string Name { get; }

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = Labels(tags);
            if (!series.TryGetValue(labels, out var one))
            {
                labels = series.Count < MaxSeries ? labels : "overflow=\"true\"";
                if (!series.TryGetValue(labels, out one))
                {
                    series[labels] = one = new Series { Buckets = new long[bounds.Length] };
                }
            }

            one.Value = accumulates ? one.Value + value : value;
            one.Count++;
            for (var i = 0; i < bounds.Length; i++)
            {
                one.Buckets[i] += value <= bounds[i] ? 1 : 0;
            }
        }

        public void WriteHead(StringBuilder text)
        {
            if (instrument.Description is { Length: > 0 } help)
            {
                text.Append("# HELP ").Append(Name).Append(' ').Append(Escape(help, quotes: false)).Append('\n');
            }

            text.Append("# TYPE ").Append(Name).Append(' ').Append(type).Append('\n');
        }

        public void WriteSeries(StringBuilder text, string extra)
        {
            if (series.Count == 0 && type == "counter" && accumulates)
            {
                Line(text, Name, extra, 0); // else the first event would be no increase to whoever watches
            }

            foreach (var (own, one) in series.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                var labels = own.Length > 0 && extra.Length > 0 ? $"{own},{extra}" : own + extra;
                if (type != "histogram")
                {
                    Line(text, Name, labels, one.Value);
                    continue;
                }

                var comma = labels.Length > 0 ? "," : "";
                for (var i = 0; i < bounds.Length; i++)
                {
                    Line(text, Name + "_bucket", $"{labels}{comma}le=\"{bounds[i].ToString(CultureInfo.InvariantCulture)}\"", one.Buckets[i]);
                }

                Line(text, Name + "_bucket", $"{labels}{comma}le=\"+Inf\"", one.Count);
                Line(text, Name + "_sum", labels, one.Value);
                Line(text, Name + "_count", labels, one.Count);
            }
        }

        private string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var text = new StringBuilder();
            foreach (var tag in instrument.Meter.Tags ?? [])
            {
                Append(text, tag);
            }

            foreach (var tag in tags)
            {
                Append(text, tag);
            }

            return text.ToString();
        }

        private static void Append(StringBuilder text, KeyValuePair<string, object?> tag)
        {
            var value = Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "";
            text.Append(text.Length > 0 ? "," : "").Append(Clean(tag.Key)).Append("=\"")
                .Append(Escape(value.Length <= 128 ? value : value[..128], quotes: true)).Append('"');
        }

        private static void Line(StringBuilder text, string name, string labels, double value)
        {
            text.Append(name);
            if (labels.Length > 0)
            {
                text.Append('{').Append(labels).Append('}');
            }

            text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
        }

        private static string Clean(string name) =>
            string.Create(name.Length, name, static (span, from) =>
            {
                for (var i = 0; i < span.Length; i++)
                {
                    span[i] = char.IsAsciiLetterOrDigit(from[i]) ? char.ToLowerInvariant(from[i]) : '_';
                }
            });

        private static string Escape(string value, bool quotes)
        {
            var escaped = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
        }

        private sealed class Series
        {
            public double Value { get; set; }

            public long Count { get; set; }

            public required long[] Buckets { get; init; }
        }
    }
}
