# An ESME of Perl's Net::SMPP: perl net_smpp_client.pl PORT PASSWORD MESSAGES INBOUND.
# MESSAGES is JSON, [[destination, esm_class, data_coding, hex octets]]. It binds as transceiver, submits
# them all, reads until each accepted one has its receipt and INBOUND messages have come, asks after the
# last one, and unbinds.
use strict;
use warnings;
use JSON::PP;
use Net::SMPP;

$| = 1;
my $json = JSON::PP->new->canonical;
sub tell_ { my ($event, %more) = @_; print $json->encode({event => $event, %more}), "\n" }

my ($port, $password, $messages, $inbound) = @ARGV;
my ($link, $bound) = Net::SMPP->new_transceiver(
    '127.0.0.1', port => $port, system_id => 'perl', password => $password, smpp_version => 0x34);
die 'no link' unless $link && $bound;
tell_('bound', status => $bound->{status}, system_id => $bound->{system_id});
exit 0 if $bound->{status};

my @messages = @{$json->decode($messages)};
my %to;
for my $message (@messages) {
    my ($to, $esm_class, $data_coding, $octets) = @$message;
    my $seq = $link->submit_sm(async => 1, source_addr => 'GOUV', source_addr_ton => 5,
        destination_addr => $to, dest_addr_ton => 1, dest_addr_npi => 1, registered_delivery => 1,
        esm_class => $esm_class, data_coding => $data_coding, short_message => pack('H*', $octets));
    $to{$seq} = $to;
}

my ($waiting, $owed, $last) = (scalar @messages, $inbound, '');
while ($waiting || $owed) {
    my $pdu = $link->read_pdu or die 'the link ended';
    if ($pdu->{cmd} == Net::SMPP::CMD_submit_sm_resp) {
        tell_('answered', to => $to{$pdu->{seq}}, status => $pdu->{status}, message_id => $pdu->{message_id});
        $waiting -= 1;
        $owed += 1 unless $pdu->{status};
        $last = $pdu->{message_id} unless $pdu->{status};
    } elsif ($pdu->{cmd} == Net::SMPP::CMD_deliver_sm) {
        my $event = $pdu->{esm_class} & 4 ? 'receipt' : 'inbound';
        tell_($event, from => $pdu->{source_addr}, to => $pdu->{destination_addr}, text => $pdu->{short_message});
        $link->deliver_sm_resp(seq => $pdu->{seq}, message_id => '');
        $owed -= 1;
    } elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
        $link->enquire_link_resp(seq => $pdu->{seq});
    }
}
my $found = $link->query_sm(message_id => $last, source_addr => 'GOUV', source_addr_ton => 5) or die 'no answer';
tell_('queried', message_id => $found->{message_id}, message_state => $found->{message_state});
$link->enquire_link or die 'no answer';
$link->unbind or die 'no answer';
tell_('unbound');
