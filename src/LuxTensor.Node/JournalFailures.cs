using LuxTensor.Engine;

namespace LuxTensor.Node;

/// <summary>What a failure of stored data means for an exit code.</summary>
internal static class JournalFailures
{
    extension(JournalException failure)
    {
        /// <summary>Whether the data is damaged: every such message sends its reader to db check.</summary>
        internal bool IsDamage => failure.Message.Contains("luxtensor db check", StringComparison.Ordinal);

        /// <summary>The exit code: damaged, open elsewhere, or failed.</summary>
        internal ExitCode Code => failure.IsDamage ? ExitCode.Damaged : failure.InnerException is IOException ? ExitCode.InUse
            : ExitCode.Failed;
    }
}
