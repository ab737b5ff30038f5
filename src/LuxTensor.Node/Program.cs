using System.Runtime.InteropServices;
using LuxTensor.Node;

using var stop = new CancellationTokenSource();
var stoppedAt = 0L;

// The first signal stops cleanly. A second one is left to the system, which ends the process at once, unless it comes with
// the first: timeout, make and terminals may send one request to a process and to its group.
void Stop(PosixSignalContext signal)
{
    var first = Interlocked.CompareExchange(ref stoppedAt, TimeProvider.System.GetTimestamp(), 0);
    signal.Cancel = first == 0 || TimeProvider.System.GetElapsedTime(first) < TimeSpan.FromMilliseconds(300);
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await Cli.RunAsync(args, Terminal.OfConsole(), stop.Token);
