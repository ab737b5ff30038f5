using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Silo.Hosting;

/// <summary>
/// Brings the logs of the frameworks into the silo's own log, one line each: everything of LuxTensor from information on, of
/// others from warnings on. When a silo dies, others say so many times a second: what one place says again within a few seconds
/// is counted, not written.
/// </summary>
internal sealed class EventLoggerProvider(EventLog log, TimeProvider time) : ILoggerProvider
{
    private const int MaxText = 4_096;
    private const int MaxPlaces = 4_096;

    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(string Category, int Event), Place> places = new();

    public ILogger CreateLogger(string categoryName) =>
        new Logger(this, categoryName, categoryName.StartsWith("LuxTensor", StringComparison.Ordinal) ? LogLevel.Information : LogLevel.Warning);

    public void Dispose()
    {
    }

    // How many were left out since the last that was written; null where this one is left out too.
    private int? Admit(string category, EventId id)
    {
        if (id.Id == 0 || places.Count > MaxPlaces)
        {
            return 0;
        }

        var place = places.GetOrAdd((category, id.Id), static _ => new Place());
        lock (place)
        {
            if (place.WrittenAt is { } at && time.GetElapsedTime(at) < Quiet)
            {
                place.LeftOut++;
                return null;
            }

            var leftOut = place.LeftOut;
            (place.WrittenAt, place.LeftOut) = (time.GetTimestamp(), 0);
            return leftOut;
        }
    }

    private void Write(LogLevel level, string category, string text, Exception? exception, int leftOut)
    {
        var line = OneLine(text);
        var cause = exception is null ? null
            : OneLine(level >= LogLevel.Critical ? exception.ToString() : $"{exception.GetType().Name}: {exception.Message}");
        log.Write(new NodeEvent(
            "log",
            $"{Word(level)} {category}: {line}{(cause is null ? "" : $" | {cause}")}{(leftOut == 0 ? "" : $" (and {leftOut} more like it before)")}",
            [("level", level.ToString().ToLowerInvariant()), ("category", category), ("text", line), ("exception", cause), ("leftOut", leftOut)]));
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "CRITICAL",
        LogLevel.Error => "ERROR  ",
        LogLevel.Warning => "warning",
        _ => "info   ",
    };

    private static string OneLine(string text) =>
        (text.Length <= MaxText ? text : $"{text[..MaxText]}…").ReplaceLineEndings(" ⏎ ");

    private sealed class Place
    {
        public long? WrittenAt { get; set; }

        public int LeftOut { get; set; }
    }

    private sealed class Logger(EventLoggerProvider owner, string category, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && owner.Admit(category, eventId) is { } leftOut)
            {
                owner.Write(logLevel, category, formatter(state, exception), exception, leftOut);
            }
        }
    }
}
