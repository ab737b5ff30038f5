using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Voting;

public sealed class VerifierTests
{
    private readonly Arena arena = new();
    private readonly Hash256 block = Sha256.Hash([1]);

    [Fact]
    public void VOT_1_the_signed_message_binds_every_field_and_nothing_else()
    {
        var vote = arena.Vote(0, Phase.Prepare, block, 7, 3);
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        vote.Ballot.WriteMessage(message);
        var expected = new WireWriter().Bytes("LuxTensor/vote/1"u8).UInt64(7).UInt64(0).UInt64(7).UInt32(3).UInt8(1).Hash(block).ToArray();
        Assert.Equal(expected, message.ToArray());
        Assert.Null(Check(vote));
        var ballot = vote.Ballot;
        Ballot[] changed = [ballot with { Height = 8 }, ballot with { Round = 4 }, ballot with { Phase = Phase.Precommit }, ballot with { BlockHash = default }];
        Assert.All(changed, other => Assert.Equal(new VoteRejection.BadSignature(vote.Validator), Check(vote with { Ballot = other })));
    }

    [Fact]
    public void VOT_2_only_what_was_verified_has_a_value()
    {
        Assert.Throws<InvalidOperationException>(() => default(Verified<Vote>).Value);
        Assert.NotNull(Verifier.Check(arena.Vote(0, Phase.Prepare, block) with { Signature = default }, arena.Rules, arena.Set, out var none));
        Assert.Throws<InvalidOperationException>(() => none.Value);
    }

    [Fact]
    public void VOT_3_a_vote_is_of_this_chain_and_epoch_and_of_an_active_validator_that_signed_it()
    {
        var ballot = arena.Ballot(Phase.Prepare, block, 40);
        Assert.Null(Check(Arena.Sign(0, ballot)));
        Assert.Equal(new VoteRejection.WrongChain(7, 8), Check(Arena.Sign(0, ballot with { ChainId = 8 })));
        Assert.Equal(new VoteRejection.WrongEpoch(40, 1, 2), Check(Arena.Sign(0, ballot with { Epoch = 2 })));
        Assert.Equal(new VoteRejection.UnknownEpoch(1), Verifier.Check(Arena.Sign(0, ballot), arena.Rules, arena.Set, out _)); // another epoch's set
        Assert.Equal(new VoteRejection.UnknownEpoch(1), Verifier.Check(Arena.Sign(0, ballot), arena.Rules, null, out _)); // EPO-4
        Assert.Equal(new VoteRejection.UnknownValidator(Given.AddressOf(9), 1), Check(Arena.Sign(9, ballot)));
        Assert.Equal(new VoteRejection.BadSignature(Given.AddressOf(1)), Check(Arena.Sign(0, ballot) with { Validator = Given.AddressOf(1) }));
    }

    [Fact]
    public void VOT_3_votes_that_are_checked_together_get_the_verdict_that_each_would_get_alone()
    {
        var ballot = arena.Ballot(Phase.Prepare, block, 40);
        var good = Enumerable.Range(0, 4).Select(i => Arena.Sign(i, ballot with { Round = (uint)i })).ToArray();
        Vote[] votes =
        [
            good[0],
            Arena.Sign(1, ballot with { ChainId = 8 }),
            good[1],
            good[2] with { Signature = good[1].Signature },
            Arena.Sign(9, ballot),
            Arena.Sign(1, ballot with { Epoch = 2 }),
            good[3],
            good[0] with { Validator = Given.AddressOf(1) },
            Arena.Sign(0, ballot with { Height = 4000, Epoch = arena.Rules.EpochOf(4000) }),
            good[0],
        ];
        for (var time = 0; time < 5; time++) // by and by the engine has tables of these keys
        {
            var verdicts = Verifier.Check(votes, arena.Rules, Known);
            Assert.Equal(votes.Select(vote => Verifier.Check(vote, arena.Rules, Known(arena.Rules.EpochOf(vote.Ballot.Height)), out _)), verdicts.Select(verdict => verdict.Why));
            Assert.Equal([0, 2, 6, 9], verdicts.Index().Where(item => item.Item.Why is null).Select(item => item.Index));
            Assert.All([0, 2, 6, 9], i => Assert.Same(votes[i], verdicts[i].Vote.Value));
            Assert.Throws<InvalidOperationException>(() => verdicts[3].Vote.Value);
        }

        Assert.Empty(Verifier.Check([], arena.Rules, Known));

        LuxTensor.Core.Validators.EpochSnapshot? Known(ulong epoch) => epoch == 1 ? arena.Epochs.Of(epoch) : null;
    }

    [Fact]
    public void VOT_4_a_proposal_is_its_proposers_vote_for_this_block_and_its_certificate_is_of_prepares_for_it()
    {
        var node = arena.Block(arena.Root);
        var proposal = arena.Proposal(node, 1);
        var other = arena.Block(arena.Root);
        Assert.Null(Check(proposal));
        Assert.Null(Check(proposal with { Prepared = Prepares(Phase.Prepare, node.Hash, 1) }));
        Assert.Equal(new VoteRejection.WrongCertificate(1, Phase.Precommit), Check(proposal with { Prepared = Prepares(Phase.Precommit, node.Hash, 1) }));
        Assert.Equal(new VoteRejection.WrongCertificate(1, Phase.Prepare), Check(proposal with { Prepared = Prepares(Phase.Prepare, other.Hash, 1) }));
        Assert.Equal(new VoteRejection.WrongCertificate(2, Phase.Prepare), Check(proposal with { Prepared = Prepares(Phase.Prepare, node.Hash, 2) }));
        Assert.IsType<VoteRejection.NoQuorum>(Check(proposal with { Prepared = arena.Certificate(Phase.Prepare, node.Hash, 1, 0, 0, 1) }));
        Assert.Equal(new VoteRejection.WrongBlock(other.Hash, node.Hash), Check(proposal with { Block = other.Block }));

        var proposer = arena.Proposer(1, 1);
        Assert.Equal(new VoteRejection.WrongBlock(node.Hash, node.Hash), Check(proposal with { Vote = arena.Vote(proposer, Phase.Prepare, node.Hash, 1, 1) }));
        var usurper = (proposer + 1) % 4;
        Assert.Equal(
            new VoteRejection.NotTheProposer(Given.AddressOf(proposer), Given.AddressOf(usurper)),
            Check(proposal with { Vote = arena.Vote(usurper, Phase.Propose, node.Hash, 1, 1) }));
        Assert.IsType<VoteRejection.BadSignature>(Check(proposal with { Vote = proposal.Vote with { Signature = default } }));

        Certificate Prepares(Phase phase, Hash256 hash, ulong height) => arena.Certificate(phase, hash, height, 0, 0, 1, 2);
    }

    [Fact]
    public void VOT_5_what_a_block_carries_is_verified_with_it()
    {
        var first = arena.Block(arena.Root);
        Assert.Null(Check(arena.Block(first, 0, arena.Final(first)).Block));
        Assert.Equal(new VoteRejection.WrongCertificate(1, Phase.Prepare), Check(arena.Block(first, 0, arena.Certificate(Phase.Prepare, first.Hash, 1, 0, 0, 1, 2)).Block));
        Assert.Equal(new VoteRejection.WrongCertificate(2, Phase.Precommit), Check(arena.Block(first, 0, arena.Certificate(Phase.Precommit, first.Hash, 2, 0, 0, 1, 2)).Block));
        Assert.IsType<VoteRejection.NoQuorum>(Check(arena.Block(first, 0, arena.Certificate(Phase.Precommit, first.Hash, 1, 0, 2, 3)).Block));

        var forged = Given.Transfer(10, 11, 1, chainId: 8);
        System.Collections.Immutable.ImmutableArray<LuxTensor.Core.Transactions.Transaction> transactions = [Given.Transfer(10, 11, 1), forged];
        var carrier = new Block(first.Block.Header with { TransactionsRoot = Block.RootOf(transactions) }, null, transactions);
        Assert.Equal(new VoteRejection.BadTransaction(1), Check(carrier));
        Assert.Equal(new VoteRejection.WrongBody(first.Hash), Check(new Block(first.Block.Header, null, transactions)));
        Assert.Null(Verifier.Check(carrier, arena.Rules, arena.Epochs.Of, known => known.Id == forged.Id, out _)); // verified before
    }

    [Fact]
    public void TXN_2_and_TXN_3_a_transaction_is_signed_by_its_sender_for_this_chain()
    {
        var good = Given.Transfer(0, 1, 5);
        Assert.Null(Verifier.Check(good, arena.Rules, out var verified));
        Assert.Same(good, verified.Value);
        Assert.Equal(new VoteRejection.WrongChain(7, 8), Verifier.Check(Given.Transfer(0, 1, 5, chainId: 8), arena.Rules, out _));
        var refused = 0;
        for (var at = 9; at < good.Encoded.Length; at++) // after version and chain
        {
            var bytes = good.Encoded.ToArray();
            bytes[at] ^= 1;
            if (Transaction.TryDecode(bytes, bytes.Length, out var changed, out _))
            {
                Assert.Equal(new VoteRejection.BadSignature(changed!.Sender), Verifier.Check(changed, arena.Rules, out _));
                refused++;
            }
        }

        Assert.Equal(good.Encoded.Length - 10, refused); // all but the kind, which decoding refuses
    }

    [Fact]
    public void CRT_1_a_certificate_has_one_encoding()
    {
        var good = arena.Certificate(Phase.Precommit, block, 1, 2, 0, 1, 3);
        Assert.Equal(WireFault.None, Read(good, out var back));
        Assert.Equal((good.Hash, good.Ballot), (back.Hash, back.Ballot));
        Assert.Equal(WireFault.NotCanonical, Read(new Certificate(good.Ballot, [.. good.Signers, 0], good.Signatures), out _));
        Assert.Equal(WireFault.NotCanonical, Read(new Certificate(good.Ballot, [], []), out _));
        Assert.Equal(WireFault.Truncated, Read(new Certificate(good.Ballot, good.Signers, good.Signatures[..2]), out _));
        Assert.Equal(WireFault.UnknownTag, Read(new Certificate(good.Ballot with { BlockHash = default }, good.Signers, good.Signatures), out _));
        Assert.Equal(WireFault.UnknownTag, Read(new Certificate(good.Ballot with { Phase = Phase.Propose }, good.Signers, good.Signatures), out _));
    }

    [Fact]
    public void CRT_2_the_first_signer_with_a_fault_is_named_and_a_bit_beyond_the_set_after_the_signatures_before_it()
    {
        var good = arena.Certificate(Phase.Precommit, block, 1, 2, 0, 1, 2, 3);
        Assert.Null(Check(good));
        var swapped = good.Signatures.SetItem(1, good.Signatures[2]).SetItem(2, good.Signatures[1]);
        Assert.Equal(new VoteRejection.BadSignature(arena.Set.Validators[1].Address), Check(new Certificate(good.Ballot, good.Signers, swapped)));
        Assert.Equal(new VoteRejection.MalformedCertificate(1), Check(new Certificate(good.Ballot, [0x8f], good.Signatures.Add(default))));
        Assert.Equal(new VoteRejection.BadSignature(arena.Set.Validators[1].Address), Check(new Certificate(good.Ballot, [0x8f], swapped.Add(default))));
        Assert.Equal(new VoteRejection.MalformedCertificate(1), Check(new Certificate(good.Ballot, good.Signers, good.Signatures[..3])));
        Assert.Equal(new VoteRejection.MalformedCertificate(1), Check(new Certificate(good.Ballot, good.Signers, good.Signatures.Add(default))));

        VoteRejection? Check(Certificate certificate) => Verifier.Check(certificate, arena.Rules, arena.Epochs.Of(0), out _);
    }

    [Fact]
    public void CRT_2_any_changed_byte_makes_a_certificate_invalid()
    {
        var writer = new WireWriter();
        arena.Certificate(Phase.Precommit, block, 1, 2, 0, 1, 3).Write(writer);
        var bytes = writer.ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= (byte)(1 << (i % 8));
            var reader = new WireReader(changed);
            var certificate = Certificate.Read(ref reader);
            if (reader.End())
            {
                Assert.True(Verifier.Check(certificate, arena.Rules, arena.Set, out _) is not null, $"byte {i}");
            }
        }
    }

    [Fact]
    public void CRT_2_its_signers_are_of_the_set_one_signature_each_and_a_quorum()
    {
        var good = arena.Certificate(Phase.Prepare, block, 1, 0, 0, 1, 2);
        Assert.Null(Check(good));
        Assert.Equal(new VoteRejection.NoQuorum(51, 100), Check(arena.Certificate(Phase.Prepare, block, 1, 0, 0, 1)));
        Assert.Equal(new VoteRejection.MalformedCertificate(1), Check(arena.Certificate(Phase.Prepare, block, 1, 0, 0, 1, 2, 9)));
        Assert.Equal(new VoteRejection.MalformedCertificate(1), Check(new Certificate(good.Ballot, good.Signers, [.. good.Signatures, good.Signatures[0]])));
        Assert.Equal(new VoteRejection.MalformedCertificate(1), Check(new Certificate(good.Ballot, good.Signers, good.Signatures[..2])));
        Assert.Equal(new VoteRejection.BadSignature(Given.AddressOf(0)), Check(new Certificate(good.Ballot, good.Signers, [good.Signatures[1], good.Signatures[0], good.Signatures[2]])));
        Assert.IsType<VoteRejection.BadSignature>(Check(new Certificate(good.Ballot with { Phase = Phase.Precommit }, good.Signers, good.Signatures)));
        Assert.IsType<VoteRejection.WrongEpoch>(Check(new Certificate(good.Ballot with { Epoch = 1 }, good.Signers, good.Signatures)));
    }

    [Fact]
    public void CRT_3_a_block_is_final_by_precommits_for_itself()
    {
        var node = arena.Block(arena.Root);
        Assert.Null(Final(arena.Final(node)));
        Assert.Equal(new VoteRejection.WrongCertificate(1, Phase.Prepare), Final(arena.Certificate(Phase.Prepare, node.Hash, 1, 0, 0, 1, 2)));
        Assert.Equal(new VoteRejection.WrongCertificate(1, Phase.Precommit), Final(arena.Certificate(Phase.Precommit, block, 1, 0, 0, 1, 2)));
        Assert.Equal(new VoteRejection.WrongCertificate(2, Phase.Precommit), Final(arena.Certificate(Phase.Precommit, node.Hash, 2, 0, 0, 1, 2)));
        Assert.IsType<VoteRejection.NoQuorum>(Final(arena.Certificate(Phase.Precommit, node.Hash, 1, 0, 0, 1)));

        VoteRejection? Final(Certificate certificate) =>
            Verifier.Check(new CertifiedBlock(node.Block, certificate), arena.Rules, arena.Epochs.Of, static _ => false, out _);
    }

    [Fact]
    public void EPO_1_and_EPO_4_an_epoch_is_so_many_heights_and_every_epochs_set_is_known_ahead()
    {
        Assert.Equal([0UL, 0, 1, 1, 2], new ulong[] { 0, 31, 32, 63, 64 }.Select(arena.Rules.EpochOf));
        Assert.Equal((5UL, arena.Set.Hash), (arena.Epochs.Of(5).Epoch, arena.Epochs.Of(5).Hash));
    }

    private static WireFault Read(Certificate certificate, out Certificate back)
    {
        var writer = new WireWriter();
        certificate.Write(writer);
        var reader = new WireReader(writer.Written);
        back = Certificate.Read(ref reader);
        reader.End();
        return reader.Fault;
    }

    private VoteRejection? Check(Vote vote) => Verifier.Check(vote, arena.Rules, arena.Epochs.Of(arena.Rules.EpochOf(vote.Ballot.Height)), out _);

    private VoteRejection? Check(Certificate certificate) => Verifier.Check(certificate, arena.Rules, arena.Set, out _);

    private VoteRejection? Check(Proposal proposal) => Verifier.Check(proposal, arena.Rules, arena.Epochs.Of, static _ => false, out _);

    private VoteRejection? Check(Block carrier) => Verifier.Check(carrier, arena.Rules, arena.Epochs.Of, static _ => false, out _);
}
