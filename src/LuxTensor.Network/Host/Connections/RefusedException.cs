namespace LuxTensor.Network;

/// <summary>A connection was refused here.</summary>
internal sealed class RefusedException(RefusalCause cause, string detail) : IOException(detail)
{
    internal RefusalCause Cause { get; } = cause;
}
