namespace LuxTensor.Tests.Benchmarks;

/// <summary>Rows of the benchmark table, as Markdown.</summary>
internal static class Report
{
    public static void Head(string title)
    {
        Console.WriteLine();
        Console.WriteLine($"### {title}");
        Console.WriteLine();
        Console.WriteLine("| what | measured | ratio or share | note |");
        Console.WriteLine("|---|---|---|---|");
    }

    public static void Line(string what, string measured, string ratio, string note) => Console.WriteLine($"| {what} | {measured} | {ratio} | {note} |");
}
