using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class KeystoreFile_rules : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("keystores-").FullName;

    private string File1 => Path.Combine(folder, "key.json");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_written_keystore_is_the_owner_s_alone_and_comes_back()
    {
        var json = Keystores.Write(Keystores.CheapScrypt);
        KeystoreFile.Write(File1, json);
        Assert.Equal(json, KeystoreFile.Read(File1));
        Assert.Equal([File1], Directory.GetFileSystemEntries(folder));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(File1));
        }
    }

    [Fact]
    public void An_existing_file_is_never_overwritten()
    {
        KeystoreFile.Write(File1, "first");
        var e = Keystores.Refusal(() => KeystoreFile.Write(File1, "second"));
        Assert.Equal(KeystoreFault.AlreadyExists, e.Fault);
        Assert.Contains(File1, e.Message, StringComparison.Ordinal);
        Assert.Equal("first", KeystoreFile.Read(File1));
        Assert.Equal([File1], Directory.GetFileSystemEntries(folder));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    public void A_keystore_that_others_can_open_is_refused_with_the_command_that_helps(UnixFileMode extra)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        KeystoreFile.Write(File1, "text");
        File.SetUnixFileMode(File1, UnixFileMode.UserRead | UnixFileMode.UserWrite | extra);
        var e = Keystores.Refusal(() => KeystoreFile.Read(File1));
        Assert.Equal(KeystoreFault.TooPermissive, e.Fault);
        Assert.Contains($"chmod 600 {File1}", e.Message, StringComparison.Ordinal);
        File.SetUnixFileMode(File1, UnixFileMode.UserRead);
        Assert.Equal("text", KeystoreFile.Read(File1));
    }

    [Fact]
    public void A_missing_file_or_folder_is_named()
    {
        foreach (var path in new[] { File1, Path.Combine(folder, "none", "key.json") })
        {
            var e = Keystores.Refusal(() => KeystoreFile.Read(path));
            Assert.Equal(KeystoreFault.Missing, e.Fault);
            Assert.Contains(path, e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Size_is_bounded_both_ways()
    {
        KeystoreFile.Write(File1, new string('x', Keystore.MaxSize));
        Assert.Equal(Keystore.MaxSize, KeystoreFile.Read(File1).Length);
        File.AppendAllText(File1, "x");
        Assert.Equal(KeystoreFault.TooLarge, Keystores.Refusal(() => KeystoreFile.Read(File1)).Fault);
        var other = Path.Combine(folder, "other.json");
        Assert.Equal(KeystoreFault.TooLarge, Keystores.Refusal(() => KeystoreFile.Write(other, new string('x', Keystore.MaxSize + 1))).Fault);
        Assert.False(File.Exists(other));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_no_keystore()
    {
        KeystoreFile.Write(File1, "");
        File.WriteAllBytes(File1, [0x7b, 0xff, 0x7d]);
        Assert.Equal(KeystoreFault.Malformed, Keystores.Refusal(() => KeystoreFile.Read(File1)).Fault);
    }

    [Fact]
    public void What_the_system_refuses_is_reported_with_its_reason()
    {
        Assert.Equal(KeystoreFault.Unreadable, Keystores.Refusal(() => KeystoreFile.Read(folder)).Fault);
        var e = Keystores.Refusal(() => KeystoreFile.Write(Path.Combine(folder, "none", "key.json"), "text"));
        Assert.Equal(KeystoreFault.Unreadable, e.Fault);
        Assert.NotNull(e.InnerException);
    }

    [Fact]
    public void A_truncated_file_is_malformed()
    {
        var json = Keystores.Write(Keystores.CheapScrypt);
        KeystoreFile.Write(File1, json[..(json.Length / 2)]);
        Assert.Equal(KeystoreFault.Malformed, Keystores.Refusal(() => Keystore.Decrypt(KeystoreFile.Read(File1), Keystores.Password)).Fault);
    }
}
