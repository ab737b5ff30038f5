using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace LuxTensor.Hosting;

/// <summary>A command whose help ends with examples.</summary>
internal sealed class Verb(string name, string summary, string examples) : Command(name, summary)
{
    /// <summary>Command lines that work as they stand, one a line.</summary>
    internal string Examples { get; } = examples;
}

/// <summary>The usual help, and the command's examples after it.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb { Examples.Length: > 0 } verb)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in verb.Examples.Split('\n'))
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        return code;
    }
}
