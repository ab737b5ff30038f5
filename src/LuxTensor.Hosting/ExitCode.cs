namespace LuxTensor.Hosting;

/// <summary>
/// The exit codes of luxtensor, for scripts. They never change their meaning.
/// 0: done. 1: what was asked about is bad or is not there (an invalid certificate, an unknown block, a transaction that
/// did not become final in time). 2: the command line, a file that it names, or a password is wrong. 3: no node answers.
/// 4: stored data is damaged. 5: the node, or the signing guard, refused. 6: a port, folder or file is in use or in the way.
/// 7: the node failed while it ran (disk full, I/O error). A command that is killed ends with 128 plus the signal's number.
/// </summary>
public enum ExitCode
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>The answer is no: the thing checked is bad, or there is no such thing.</summary>
    Negative = 1,

    /// <summary>The command line, a configuration file or a password is wrong.</summary>
    Usage = 2,

    /// <summary>No node answers.</summary>
    Unreachable = 3,

    /// <summary>Stored data is damaged.</summary>
    Damaged = 4,

    /// <summary>The node or the signing guard refused.</summary>
    Refused = 5,

    /// <summary>A port, a folder or a file is in use or in the way.</summary>
    InUse = 6,

    /// <summary>A node failed while it ran.</summary>
    Failed = 7,
}
