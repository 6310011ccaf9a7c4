# An SMSC of Perl's Net::SMPP: perl net_smpp_server.pl. It takes a free port and says which.
# One link after the other. Each bind that receives is sent a message in three segments, the last first;
# each submit that asks for it a receipt of text alone, its id padded with zeros, before the response
# where the destination ends in 0001. A submit to a number that ends in 0000 makes it unbind.
use strict;
use warnings;
use JSON::PP;
use Net::SMPP;

$| = 1;
my $json = JSON::PP->new->canonical;
sub tell_ { my ($event, %more) = @_; print $json->encode({event => $event, %more}), "\n" }

my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34, timeout => 60)
    or die "no listener: $!";
my %binds = (
    Net::SMPP::CMD_bind_transceiver, 'bind_transceiver',
    Net::SMPP::CMD_bind_transmitter, 'bind_transmitter',
    Net::SMPP::CMD_bind_receiver,    'bind_receiver',
);
my %responses = (
    Net::SMPP::CMD_deliver_sm_resp,   'deliver_sm_resp',
    Net::SMPP::CMD_enquire_link_resp, 'enquire_link_resp',
    Net::SMPP::CMD_unbind_resp,       'unbind_resp',
);
my $last = 40;

sub deliver {
    my ($link, %fields) = @_;
    $link->deliver_sm(async => 1, source_addr_ton => 1, source_addr_npi => 1, %fields);
}

sub inbound {
    my ($link) = @_;
    my @parts = ("Bon", "jour \x11", "\x1be");
    for my $number (reverse 1 .. @parts) {
        my $udh = pack 'C6', 5, 0, 3, 77, scalar @parts, $number;
        deliver($link, source_addr => '33612345678', destination_addr => '36180', esm_class => 0x40,
            short_message => $udh . $parts[$number - 1]);
    }
    $link->enquire_link(async => 1);
}

sub report {
    my ($link, $pdu, $id) = @_;
    my $stat = $pdu->{destination_addr} =~ /7777$/ ? 'EXPIRED' : 'DELIVRD';
    deliver($link, source_addr => $pdu->{destination_addr}, destination_addr => $pdu->{source_addr},
        esm_class => 4, short_message => sprintf(
            'id:%010d sub:001 dlvrd:001 submit date:2401020304 done date:2401020305 stat:%s err:000 text:', $id, $stat));
}

sub submitted {
    my ($link, $pdu) = @_;
    my $to = $pdu->{destination_addr};
    tell_('submit_sm', to => $to, esm_class => $pdu->{esm_class}, data_coding => $pdu->{data_coding},
        registered_delivery => $pdu->{registered_delivery}, short_message => unpack('H*', $pdu->{short_message}));
    $last += 1;
    my $early = $to =~ /0001$/;
    report($link, $pdu, $last) if $pdu->{registered_delivery} && $early;
    $link->submit_sm_resp(seq => $pdu->{seq}, message_id => $last);
    report($link, $pdu, $last) if $pdu->{registered_delivery} && !$early;
    $link->unbind(async => 1) if $to =~ /0000$/;
}

tell_('listening', port => $listener->sockport);
while (my $link = $listener->accept) {
    while (my $pdu = $link->read_pdu) {
        my $command = $pdu->{cmd};
        if (my $kind = $binds{$command}) {
            tell_($kind, system_id => $pdu->{system_id}, password => $pdu->{password});
            my $answer = "${kind}_resp";
            $link->$answer(seq => $pdu->{seq}, system_id => 'perl');
            inbound($link) if $kind ne 'bind_transmitter';
        } elsif (my $response = $responses{$command}) {
            tell_($response, status => $pdu->{status});
            last if $response eq 'unbind_resp';
        } elsif ($command == Net::SMPP::CMD_submit_sm) {
            submitted($link, $pdu);
        } elsif ($command == Net::SMPP::CMD_query_sm) {
            $link->query_sm_resp(seq => $pdu->{seq}, message_id => $pdu->{message_id}, message_state => 2);
        } elsif ($command == Net::SMPP::CMD_enquire_link) {
            tell_('enquire_link');
            $link->enquire_link_resp(seq => $pdu->{seq});
        } elsif ($command == Net::SMPP::CMD_unbind) {
            tell_('unbind');
            $link->unbind_resp(seq => $pdu->{seq});
            last;
        } else {
            $link->generic_nack(seq => $pdu->{seq}, status => 3);
        }
    }
    close $link;
    tell_('close');
}
