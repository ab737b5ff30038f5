using System.Collections.Immutable;

namespace LuxTensor.Core.Consensus;

/// <summary>One step in the making: the state so far and the effects so far. Lives only inside <see cref="Chain.Step"/>.</summary>
internal sealed class Turn(ChainState state, ulong now)
{
    private readonly ImmutableArray<ChainEffect>.Builder effects = ImmutableArray.CreateBuilder<ChainEffect>();

    /// <summary>The state so far.</summary>
    public ChainState State { get; set; } = state;

    /// <summary>The time of the input, milliseconds since 1970 UTC.</summary>
    public ulong Now { get; } = now;

    /// <summary>Emits an effect, after those emitted before.</summary>
    public void Emit(ChainEffect effect) => effects.Add(effect);

    /// <summary>Starts a timer of the height being decided.</summary>
    public void Time(TimerKind kind, uint round, ulong delay) => Emit(new ChainEffect.StartTimer(new TimerId(kind, State.Height, round), delay));

    /// <summary>Milliseconds until a time; 0 where it is past.</summary>
    public ulong Until(ulong time) => time > Now ? time - Now : 0;

    /// <summary>
    /// RND-7: the same for the earliest time of the next block, but no longer than a right clock can have to wait for that. A clock that
    /// was set back must not silence the node for as long.
    /// </summary>
    public ulong UntilNextBlock(ulong time) => ulong.Min(Until(time), State.Rules.BlockInterval + State.Rules.ClockBound);

    /// <summary>The effects, in order.</summary>
    public ImmutableArray<ChainEffect> Effects() => effects.ToImmutable();
}
