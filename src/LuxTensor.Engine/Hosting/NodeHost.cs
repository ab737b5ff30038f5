using System.Threading.Channels;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>
/// One node in this process. A single writer steps the node through its bounded mailbox; each turn is stored in one
/// transaction before its view is published and its effects leave.
/// </summary>
public sealed partial class NodeHost : INode, IAsyncDisposable
{
    private const int MailboxInputs = 16_384;

    private readonly NodeOptions options;
    private readonly Channel<Mail> mailbox = Channel.CreateBounded<Mail>(
        new BoundedChannelOptions(MailboxInputs) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Ingress ingress;
    private readonly Signer signer;
    private readonly TimerQueue timers;
    private readonly NodeMetrics metrics;
    private readonly SyncWatch sync;
    private readonly NoticeSinks sinks = new();
    private NodeState view;
    private Task ingressTask = Task.CompletedTask;
    private Thread? loop;
    private int submissions;

    private NodeHost(NodeOptions options, Recovered recovered)
    {
        this.options = options;
        var state = recovered.Turn.State;
        view = state with { Sync = state.Sync with { Rules = options.Sync.For(options.Genesis.Rules) } };
        var local = options.Keys.Select(key => Address.Of(key.PublicKey)).ToHashSet();
        ingress = new Ingress(new IngressOptions
        {
            Rules = options.Genesis.Rules,
            View = () => View,
            Chain = options.Journal,
            Transport = options.Transport,
            Guard = options.Guard,
            IsLocal = local.Contains,
            Post = OfferAsync,
            Fail = Fail,
            Tell = notice => Post(null, notice),
            Workers = options.VerifyWorkers,
            InboxFrames = options.InboxFrames,
        });
        signer = new Signer(this, options, recovered);
        timers = new TimerQueue(options.Time, Fire);
        metrics = new NodeMetrics(options.Time);
        sync = new SyncWatch(Notify, options.Time);
    }

    private readonly record struct Mail(NodeInput? Input, TaskCompletionSource<SubmitOutcome>? Reply, Notice? Notice = null);

    /// <inheritdoc/>
    public Genesis Genesis => options.Genesis;

    /// <inheritdoc/>
    public NodeState View => Volatile.Read(ref view);

    /// <inheritdoc/>
    public IChainReader Chain => options.Journal;

    /// <inheritdoc/>
    public IReadOnlyCollection<PeerId> Peers => options.Transport.Peers;

    /// <inheritdoc/>
    public NetworkView Network => options.Transport.Network;

    /// <summary>Ends when the node stops; faults when its journal or guard fails.</summary>
    public Task Completion => completion.Task;

    /// <summary>Local validators that sign only above a height, because the database is older than the signing guard.</summary>
    public IReadOnlyDictionary<Address, ulong> SilentUntil => signer.SilentUntil;

    private ulong Now => (ulong)options.Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Brings a node back from its journal, without starting it.</summary>
    /// <exception cref="JournalException">The journal is damaged.</exception>
    /// <exception cref="CryptoSelfTestException">The signature library gives wrong answers.</exception>
    public static NodeHost Open(NodeOptions options)
    {
        Ed25519.SelfTest(); // before any key is used
        var local = options.Keys.Select(key => Address.Of(key.PublicKey)).ToArray();
        var recovered = Recovery.Replay(options.Journal.Load(), options.Genesis, local, options.Pool, countsVotes: options.Counter is null);
        var batch = recovered.Turn.ToBatch();
        if (!batch.IsEmpty)
        {
            options.Journal.Commit(batch);
        }

        return new NodeHost(options, recovered);
    }

    /// <summary>Starts the loop, the workers and the network.</summary>
    public void Start()
    {
        PrepareKeys(View.Chain.Epochs.Newest);
        Post(new NodeInput.Chain(new ChainInput.Resume()));
        loop = new Thread(RunLoop) { IsBackground = true, Name = "node" };
        loop.Start();
        signer.Start();
        ingressTask = ingress.RunAsync();
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(INoticeSink sink) => sinks.Add(sink);

    /// <inheritdoc/>
    public async ValueTask<SubmitOutcome> SubmitAsync(ReadOnlyMemory<byte> encoded, CancellationToken cancellation) =>
        Submission.Check(this, encoded.Span, out var verified) ?? await SubmitAsync(verified, cancellation).ConfigureAwait(false);

    /// <summary>Offers a transaction that was verified, as the other overload does; it may be final already.</summary>
    public async ValueTask<SubmitOutcome> SubmitAsync(Verified<Transaction> transaction, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref submissions) > options.MaxSubmissions)
        {
            Interlocked.Decrement(ref submissions);
            return new SubmitOutcome.Busy();
        }

        try
        {
            var reply = new TaskCompletionSource<SubmitOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
            await mailbox.Writer.WriteAsync(new Mail(new NodeInput.Submit(transaction), reply), cancellation).ConfigureAwait(false);
            return await reply.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return new SubmitOutcome.Busy();
        }
        finally
        {
            Interlocked.Decrement(ref submissions);
        }
    }

    /// <summary>Stops: takes no more input, stores and answers what it has, and tells applications.</summary>
    public async ValueTask StopAsync()
    {
        ingress.Complete();
        mailbox.Writer.TryComplete();
        if (loop is null)
        {
            completion.TrySetResult();
        }

        await completion.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ingressTask.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        signer.Dispose();
        timers.Dispose();
        metrics.Dispose();
    }

    /// <summary>Puts an input of the node's own into the mailbox, a notice, or both; nothing is dropped, except after the end.</summary>
    internal void Post(NodeInput? input, Notice? notice = null)
    {
        var mail = new Mail(input, null, notice);
        if (!mailbox.Writer.TryWrite(mail))
        {
            _ = mailbox.Writer.WriteAsync(mail).AsTask().ContinueWith(
                static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    /// <summary>Puts an input that was verified into the mailbox, waiting for room; after the end it is lost, as a peer's may be.</summary>
    public async ValueTask OfferAsync(NodeInput input)
    {
        try
        {
            await mailbox.Writer.WriteAsync(new Mail(input, null)).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            // the node has stopped
        }
    }

    /// <summary>Ends the node, because something could not be stored.</summary>
    internal void Fail(Exception failure)
    {
        if (completion.TrySetException(failure))
        {
            mailbox.Writer.TryComplete();
            ingress.Complete();
        }
    }

    /// <summary>Has the tables of a set's keys built, so that its first votes cost no more than later ones.</summary>
    private static void PrepareKeys(EpochSnapshot set) =>
        _ = Task.Run(() => SignatureEngine.Shared.Prepare(set.Validators.Select(static validator => validator.Key)));

    private void Fire(TimerId id) => Post(id.Kind == TimerKind.Sync
        ? new NodeInput.Sync(new SyncInput.Wake([.. View.Sync.Peers.Keys.Except(options.Transport.Peers)]))
        : new NodeInput.Chain(new ChainInput.Timer(id)));

    private void Notify(Notice notice) => sinks.Tell(notice);
}
