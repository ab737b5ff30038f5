namespace LuxTensor.Network;

/// <summary>A peer sent more of something than a node needs to; the message names it.</summary>
internal sealed class FloodException(string message) : IOException(message);
