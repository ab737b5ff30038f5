using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Validators;

public sealed class RegisteredTests
{
    [Theory]
    [InlineData(1, 1_000)]
    [InlineData(3, 1_000)]
    [InlineData(1_000, 1)]
    [InlineData(1_000, 4)]
    [InlineData(1_000, 1_000)]
    public void Pages_of_any_size_name_every_validator_once_among_the_accounts(int most, int leaves)
    {
        var ledger = Given.Genesis(validators: 7, accounts: 30).Ledger;
        var seen = new List<Address>();
        Hash256? next = Hash256.Zero;
        for (var pages = 0; next is { } from; pages++)
        {
            var (found, after) = ledger.Registered(from, most, leaves);
            Assert.True(found.Length <= int.Min(most, leaves));
            Assert.True(pages <= ledger.Count, "it comes to an end");
            seen.AddRange(found.Select(validator => validator.Address));
            next = after;
        }

        Assert.Equal(Enumerable.Range(0, 7).Select(Given.AddressOf).Order(), seen.Order());
    }
}
