using LuxTensor.Core;
using LuxTensor.Core.State;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.State;

public sealed class LedgerTests
{
    [Fact]
    public void EXE_1_an_unknown_address_has_an_empty_account()
    {
        Assert.Equal(Account.Empty, Ledger.Empty.GetAccount(Given.AddressOf(1)));
        Assert.Equal(new Account(0, 0), Account.Empty);
        Assert.Null(Ledger.Empty.GetValidator(Given.AddressOf(1)));
        Assert.Equal(Hash256.Zero, Ledger.Empty.Root);
    }

    [Fact]
    public void EXE_1_the_leaf_is_nonce_then_balance()
    {
        var bytes = new Account(258, 3).Encode();
        Assert.Equal(new byte[] { 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3 }, bytes);
    }

    [Fact]
    public void EXE_2_keys_are_hashes_of_kind_and_address()
    {
        var address = Given.AddressOf(1);
        var bytes = new byte[21];
        address.CopyTo(bytes.AsSpan(1));
        bytes[0] = 1;
        Assert.Equal(Sha256.Hash(bytes), Ledger.KeyOfAccount(address));
        bytes[0] = 2;
        Assert.Equal(Sha256.Hash(bytes), Ledger.KeyOfValidator(address));
    }

    [Fact]
    public void EXE_2_the_ledger_is_a_dictionary_and_its_root_depends_on_the_content_alone() => Seeds.Each(50, static random =>
    {
        var model = new Dictionary<Address, Account>();
        var ledger = Ledger.Empty;
        for (var block = 0; block < 20; block++)
        {
            var writes = Enumerable.Range(0, random.Next(6)).Select(_ => random.Next(30)).Distinct()
                .ToDictionary(Given.AddressOf, _ => new Account((ulong)random.Next(4), (UInt128)random.Next(4)));
            var before = ledger;
            var rootBefore = before.Root;
            ledger = ledger.Apply([.. writes.Select(static it => Ledger.Put(it.Key, it.Value))]);
            Assert.Equal(rootBefore, before.Root);
            foreach (var (address, account) in writes)
            {
                model[address] = account;
            }
        }

        Assert.All(Enumerable.Range(0, 30).Select(Given.AddressOf), address => Assert.Equal(model.GetValueOrDefault(address, Account.Empty), ledger.GetAccount(address)));
        Assert.Equal(model.Count, ledger.Count);
        var rebuilt = Ledger.From(model.OrderBy(_ => random.Next())
            .Select(static it => KeyValuePair.Create(Ledger.KeyOfAccount(it.Key), (ReadOnlyMemory<byte>)it.Value.Encode())), []);
        Assert.Equal(rebuilt.Root, ledger.Root);
    });

    [Fact]
    public void EXE_2_another_value_is_another_root()
    {
        Assert.NotEqual(Given.Ledger((1, 5)).Root, Given.Ledger((1, 6)).Root);
        Assert.NotEqual(Given.Ledger((1, 5)).Root, Given.Ledger((2, 5)).Root);
        Assert.NotEqual(Given.Ledger((1, 5)).Root, Given.Ledger((1, 5), (2, 5)).Root);
    }

    [Fact]
    public void A_proof_shows_an_account_or_its_absence_and_nothing_else()
    {
        var ledger = Given.Ledger((1, 5), (2, 6), (3, 7));
        var proof = ledger.ProveAccount(Given.AddressOf(1));
        var key = Ledger.KeyOfAccount(Given.AddressOf(1));
        Assert.True(proof.Verify(ledger.Root, key, new Account(0, 5).Encode()));
        Assert.False(proof.Verify(ledger.Root, key, new Account(0, 6).Encode()));
        Assert.False(proof.Verify(ledger.Root, key, null));
        Assert.False(proof.Verify(Given.Ledger((1, 5)).Root, key, new Account(0, 5).Encode()));
        var absent = Ledger.KeyOfAccount(Given.AddressOf(9));
        Assert.True(ledger.ProveAccount(Given.AddressOf(9)).Verify(ledger.Root, absent, null));
    }

    [Fact]
    public void A_validator_is_registered_under_its_address_and_proven()
    {
        var validator = new Validator { Key = Given.Key(4).PublicKey, Stake = 77, Standing = Standing.Waiting, Sequence = 3, From = 2 };
        var ledger = Given.Ledger((4, 5)).Apply([Ledger.Put(validator)]);
        Assert.Equal(validator, ledger.GetValidator(validator.Address));
        Assert.Equal(new Account(0, 5), ledger.GetAccount(validator.Address));
        Assert.Null(ledger.GetValidator(Given.AddressOf(5)));
        var proof = ledger.ProveValidator(validator.Address);
        Assert.True(proof.Verify(ledger.Root, Ledger.KeyOfValidator(validator.Address), Ledger.Put(validator).Value));
    }

    [Fact]
    public void Damaged_entries_are_named_not_guessed()
    {
        var address = Given.AddressOf(1);
        var ledger = Ledger.Empty.Apply([new StateChange(Ledger.KeyOfAccount(address), new byte[23]), new StateChange(Ledger.KeyOfValidator(address), new byte[48])]);
        Assert.Contains("damaged", Assert.Throws<InvalidOperationException>(() => ledger.GetAccount(address)).Message, StringComparison.Ordinal);
        Assert.Contains(address.ToString(), Assert.Throws<InvalidOperationException>(() => ledger.GetValidator(address)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Writing_one_leaf_twice_is_an_error() =>
        Assert.Throws<ArgumentException>(static () => Ledger.Empty.Apply([Ledger.Put(Given.AddressOf(1), new Account(0, 1)), Ledger.Put(Given.AddressOf(1), new Account(0, 2))]));
}
