using System.Text;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// Runs the chain on some validator silo. That there is one is the directory's best effort and nothing more: what the node
/// stores and signs is fenced in the store, so a second activation, or a silo that was frozen and comes back, can do no harm.
/// </summary>
[GrainType("luxtensor-chain"), KeepAlive, Reentrant]
internal sealed partial class ChainGrain(ClusterOptions options, IGrainFactory grains, ICommitFeed feed, TimeProvider time, ILogger<ChainGrain> log)
    : Grain, IChainGrain
{
    private readonly byte[] local = [.. options.Keys.Select(key => Address.Of(key.PublicKey)).Order().SelectMany(AddressBytes)];
    private ChainSession? session;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var opened = await Task.Run(() => ChainSession.Open(options, grains, feed, time), cancellationToken);
        if (cancellationToken.IsCancellationRequested)
        {
            // The activation was given up: Orleans calls it no more, not even to deactivate it.
            await Task.Run(async () => await opened.DisposeAsync(), CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
        }

        session = opened;
        opened.Host.Start();
        var status = opened.Status(local);
        LogStarted(status.Generation, status.FinalHeight);
        var scheduler = TaskScheduler.Current; // the activation's
        _ = opened.Host.Completion.ContinueWith(ended => End(ended.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, scheduler);
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (session is { } ending)
        {
            await Task.Run(async () => await ending.DisposeAsync(), CancellationToken.None);
        }
    }

    public Task<ChainStatus> Ensure() => Task.FromResult(session!.Status(local));

    public async Task Take(Immutable<byte[]> inputs)
    {
        var host = session!.Host;
        foreach (var item in Pack.Read(inputs.Value))
        {
            if (RelayCodec.DecodeAnswer(item) is var (from, frame))
            {
                session.Transport.Deliver(from, frame);
            }
            else if (RelayCodec.Decode(item.Span, host.View) is { } input)
            {
                await host.OfferAsync(input);
            }
        }
    }

    public async Task<Immutable<byte[]>> Submit(Immutable<byte[]> transactions)
    {
        var running = session!;
        var outcomes = Pack.Read(transactions.Value).Select(bytes => SubmitAsync(running.Host, bytes)).ToArray();
        var codes = await Task.WhenAll(outcomes);
        var answer = new byte[8 + codes.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(answer, running.Status(local).Sequence);
        codes.Select(static code => (byte)code).ToArray().CopyTo(answer, 8);
        return new Immutable<byte[]>(answer);
    }

    public Task<ChainStatus> Attach(IGatewayObserver gateway, string name, Immutable<byte[]> peers)
    {
        session!.Transport.Attach(name, gateway, [.. Pack.Read(peers.Value).Select(peer => new PeerId(Encoding.UTF8.GetString(peer.Span)))]);
        return Task.FromResult(session.Status(local));
    }

    public Task<ValidatorStatus?> Describe(string address)
    {
        var view = session!.Host.View;
        if (!Address.TryParse(address, out var parsed) || view.FinalLedger.GetValidator(parsed) is not { } validator)
        {
            return Task.FromResult<ValidatorStatus?>(null);
        }

        return Task.FromResult<ValidatorStatus?>(new ValidatorStatus(
            validator.Stake.ToString(System.Globalization.CultureInfo.InvariantCulture), validator.Standing.ToString(), validator.Missed, view.Chain.IsLocal(parsed)));
    }

    private static async Task<SubmitCode> SubmitAsync(NodeHost host, ReadOnlyMemory<byte> bytes)
    {
        if (!Transaction.TryDecode(bytes.Span, host.Genesis.Rules.MaxTransactionBytes, out var transaction, out _))
        {
            return SubmitCode.Refused;
        }

        return await host.SubmitAsync(Verifier.Attested(transaction!), CancellationToken.None) switch
        {
            SubmitOutcome.Rejected when await Task.Run(() => host.Chain.Locate(transaction!.Id)) is not null => SubmitCode.Known, // asked again after a timeout
            SubmitOutcome.Accepted { Known: false } => SubmitCode.Added,
            SubmitOutcome.Accepted => SubmitCode.Known,
            SubmitOutcome.Busy => SubmitCode.Busy,
            _ => SubmitCode.Refused,
        };
    }

    private static IEnumerable<byte> AddressBytes(Address address)
    {
        var writer = new Core.Wire.WireWriter(Address.Size);
        writer.Address(address);
        return writer.ToArray();
    }

    private void End(Exception? failure)
    {
        if (failure is not null)
        {
            LogEnded(failure.Message);
        }

        DeactivateOnIdle();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "this silo runs the chain now, as writer {Generation}, above final block {Height}")]
    private partial void LogStarted(ulong generation, ulong height);

    [LoggerMessage(Level = LogLevel.Warning, Message = "this silo runs the chain no more: {Reason}")]
    private partial void LogEnded(string reason);
}
