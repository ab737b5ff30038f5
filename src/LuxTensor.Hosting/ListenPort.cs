using System.Net;
using System.Net.Sockets;

namespace LuxTensor.Hosting;

/// <summary>An endpoint to listen on and the option or key that sets it, for messages.</summary>
internal sealed record ListenPort(IPEndPoint Endpoint, string SetBy)
{
    /// <summary>Throws where it cannot be listened on. Asked before the server binds, because only here it is known what sets the port.</summary>
    /// <exception cref="CommandFailure">The port is taken, or not for this user.</exception>
    internal void RequireFree()
    {
        if (Endpoint.Port == 0)
        {
            return;
        }

        try
        {
            using var probe = new Socket(Endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(Endpoint);
            probe.Listen(1);
        }
        catch (SocketException e)
        {
            throw new CommandFailure(
                e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied ? ExitCode.InUse : ExitCode.Usage,
                e.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse => $"port {Endpoint.Port} on {Endpoint.Address} is in use: stop what "
                        + $"listens there, or choose another with {SetBy}",
                    SocketError.AccessDenied => $"port {Endpoint.Port} may not be used by this user: choose one above 1023 with "
                        + $"{SetBy}",
                    _ => $"{Endpoint} cannot be listened on ({e.Message}): change {SetBy}",
                },
                e);
        }
    }
}
