namespace LuxTensor.Silo;

/// <summary>The silo ended although nobody asked it to.</summary>
internal sealed class SiloFailure(string message, Exception? inner = null) : Exception(message, inner);
