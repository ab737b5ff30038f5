namespace LuxTensor.Tests.SeededFaults;

/// <summary>The table is in line with the code. That every fault is caught is what the command shows.</summary>
public sealed class The_table
{
    private const int Least = 60;

    [Fact]
    public void Holds_enough_faults_each_with_a_name_of_its_own()
    {
        Assert.True(Faults.All.Count >= Least, $"{Faults.All.Count} faults, at least {Least} are wanted");
        Assert.Equal(Faults.All.Count, Faults.All.Select(fault => fault.Name).Distinct().Count());
        Assert.Equal(Faults.All.Count, Faults.All.Select(fault => (fault.File, fault.Original, fault.Replacement)).Distinct().Count());
    }

    [Fact]
    public void Names_rules_of_the_specification()
    {
        var rules = Repository.Rules();
        None(Faults.All.Where(fault => !rules.Contains(fault.Rule)).Select(fault => $"{fault.Name}: there is no {fault.Rule}"));
    }

    [Fact]
    public void Replaces_texts_that_stand_in_the_code_exactly_once()
    {
        var files = Faults.All.Select(fault => fault.File).Distinct().ToDictionary(file => file, Read);
        var astray = Faults.All.Where(fault => fault.Count(files[fault.File]) != 1)
            .Select(fault => $"{fault.Name}: {fault.File} has the original {fault.Count(files[fault.File])} times. If the code changed, bring the fault along; if the rule is gone, so is the fault");
        None(astray);
    }

    [Fact]
    public void Changes_the_code() =>
        Assert.All(Faults.All, fault => Assert.NotEqual(fault.Original.Trim(), fault.Replacement.Trim()));

    private static void None(IEnumerable<string> wrong) => Assert.True(!wrong.Any(), string.Join('\n', wrong));

    private static string Read(string file)
    {
        var path = Path.Combine(Repository.Root, file);
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }
}
