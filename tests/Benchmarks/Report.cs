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

    /// <summary>The value that so many percent of the values lie below.</summary>
    public static double Quantile(IEnumerable<double> values, int percent)
    {
        double[] order = [.. values.Order()];
        return order[int.Min(order.Length - 1, order.Length * percent / 100)];
    }

    public static double Median(IEnumerable<double> values) => Quantile(values, 50);

    public static void Line(string what, string measured, string ratio, string note) => Console.WriteLine($"| {what} | {measured} | {ratio} | {note} |");
}
