using System.Threading.Channels;

namespace LuxTensor.Grains;

/// <summary>
/// Sends items in packs, one call at a time: an item that finds no call under way leaves at once, and those that come meanwhile
/// leave together with the next. So a quiet node waits for nothing, and a busy one fills its packs by itself.
/// </summary>
internal sealed class Packer : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly Channel<ReadOnlyMemory<byte>> queue;
    private readonly Func<byte[], Task> send;
    private readonly Func<bool> isWanted;
    private readonly Task loop;
    private readonly CancellationTokenSource stop = new();

    /// <param name="send">Sends a pack; throws where it is unknown whether it arrived, which is asked to be sent again then.</param>
    /// <param name="isWanted">Whether a pack that failed is still worth sending.</param>
    /// <param name="capacity">Items that wait at most; further ones are dropped.</param>
    public Packer(Func<byte[], Task> send, Func<bool> isWanted, int capacity = 65_536)
    {
        (this.send, this.isWanted) = (send, isWanted);
        queue = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
        loop = Task.Run(RunAsync);
    }

    public void Add(ReadOnlyMemory<byte> item) => queue.Writer.TryWrite(item);

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await stop.CancelAsync().ConfigureAwait(false);
        await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        var items = new List<ReadOnlyMemory<byte>>();
        while (await queue.Reader.WaitToReadAsync(stop.Token).ConfigureAwait(false))
        {
            var bytes = 0;
            while (items.Count < Pack.MostItems && bytes < Pack.MostBytes && queue.Reader.TryRead(out var item))
            {
                items.Add(item);
                bytes += item.Length;
            }

            await SendAsync(Pack.Of(items)).ConfigureAwait(false);
            items.Clear();
        }
    }

    private async Task SendAsync(byte[] pack)
    {
        var pause = FirstPause;
        do
        {
            try
            {
                await send(pack).ConfigureAwait(false);
                return;
            }
            catch (Exception) when (!stop.IsCancellationRequested)
            {
                await Task.Delay(pause, stop.Token).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        while (isWanted());
    }
}
