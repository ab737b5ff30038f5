using System.Security.Cryptography;
using System.Text;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class KeystorePassword_normalisation
{
    [Theory]
    [InlineData("plain ASCII ~", "plain ASCII ~")]
    [InlineData("\u00e9", "e\u0301")]
    [InlineData("\ufb01", "fi")]
    [InlineData("\uff21\uff11", "A1")]
    [InlineData("\ud55c\uac00", "\u1112\u1161\u11ab\u1100\u1161")] // Hangul, with and without a final consonant
    [InlineData("a\u0301\u0323", "a\u0323\u0301")] // marks in the order of their classes
    [InlineData("a\u0301\u0300", "a\u0301\u0300")] // marks of one class as they came
    [InlineData("\u1e9b\u0323", "s\u0323\u0307")] // Unicode Standard Annex 15, figure 6
    [InlineData("\u00a0", " ")]
    [InlineData("a\u0000b\tc\u007fd\u0085e", "abcde")] // control codes go
    [InlineData("\U0001d531\U0001d522\U0001f511", "te\U0001f511")]
    public void Passwords_become_NFKD_without_control_codes(string password, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(KeystorePassword.Encode(password)));

    [Fact]
    public void The_longest_decomposition_fits_as_often_as_a_password_allows() =>
        Assert.Equal(33 * KeystorePassword.MaxLength, KeystorePassword.Encode(new string('\ufdfa', KeystorePassword.MaxLength)).Length);

    [Fact]
    public void Every_code_point_decomposes_as_in_Unicode_15_1()
    {
        // The digest is of what another implementation (CPython 3.13's unicodedata) makes of the same 500 at a time.
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var chunk in Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Chunk(500))
        {
            digest.AppendData(KeystorePassword.Encode(string.Concat(chunk.Select(c => new Rune(c).ToString()))));
        }

        Assert.Equal("2252c0b0cdcd6001fdac0507217df841f1c3addac1c3b6a580fe06f47bbba0bf", Convert.ToHexStringLower(digest.GetHashAndReset()));
    }

    [Fact]
    public void Half_a_surrogate_pair_and_overlong_text_are_refused()
    {
        Assert.Equal(KeystoreFault.UnusablePassword, Assert.Throws<KeystoreException>(() => KeystorePassword.Encode("a\ud800b")).Fault);
        var overlong = new string('a', KeystorePassword.MaxLength + 1);
        Assert.Equal(KeystoreFault.UnusablePassword, Assert.Throws<KeystoreException>(() => KeystorePassword.Encode(overlong)).Fault);
    }
}
