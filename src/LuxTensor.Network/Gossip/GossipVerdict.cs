namespace LuxTensor.Network;

/// <summary>What the application made of a message.</summary>
public enum GossipVerdict : byte
{
    /// <summary>Valid: forward it.</summary>
    Accept,

    /// <summary>Invalid: do not forward it, and whoever sent it is at fault.</summary>
    Reject,

    /// <summary>Of no use: do not forward it, nobody is at fault.</summary>
    Ignore,
}
