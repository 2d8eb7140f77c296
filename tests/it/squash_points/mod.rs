//! Point by point: what a squasher can get wrong, each against a literal tree,
//! and at the end of the table what slimming can.
//!
//! Most images here are folded at every range, all layers and above each kept
//! one. What comes out is read twice, by `rslim` and by the `tar` crate, and
//! must have exactly the paths, types, modes, owners, times, attributes,
//! contents and groups of names that the test says, and the new layer exactly
//! the markers that it says. [`unpacked`] and [`overlay`] let umoci and the
//! kernel judge the same images.
//!
//! | point | tests |
//! | --- | --- |
//! | 1 whiteout of a file | `whiteouts::whiteout_of_a_file` |
//! | 2 whiteout of a directory, with and without a slash at its end | `whiteouts::whiteout_of_a_directory_with_and_without_trailing_slash` |
//! | 3 whiteout of a symbolic link | `whiteouts::whiteout_of_a_symlink_leaves_its_target` |
//! | 4 whiteout of nothing | `whiteouts::whiteout_of_a_path_that_no_layer_has_is_not_written` |
//! | 5 whiteout and new file in one layer | `whiteouts::whiteout_and_new_file_in_one_layer_in_both_orders` |
//! | 6 whiteout and new file in a later layer | `whiteouts::whiteout_and_new_file_in_a_later_layer` |
//! | 7 opaque marker before, after and between | `whiteouts::opaque_marker_before_after_and_between_its_siblings` |
//! | 8 opaque root | `whiteouts::opaque_root` |
//! | 9 opaque directory that is new | `whiteouts::opaque_directory_that_no_layer_below_has` |
//! | 10 markers that a kept base needs, and no others | `whiteouts::partial_squash_writes_the_markers_that_the_base_needs_and_no_others`, `whiteouts::whiteouts_behind_a_link_are_written_under_the_real_path`, `squash::only_the_markers_that_the_base_needs_are_written`, `squash::a_directory_that_was_emptied_is_opaque_again`; markers of every other test here |
//! | 11 names with `.wh.` inside, AUFS's own files | `whiteouts::names_with_the_marker_inside_are_files`, `whiteouts::bookkeeping_of_aufs_is_dropped` |
//! | 12 one kind in place of another | `replaced::file_directory_and_symlink_in_place_of_each_other_over_three_layers`, `replaced::children_of_a_replaced_directory_stay_gone_when_it_comes_back`, `replaced::a_file_in_place_of_a_directory_needs_no_markers_for_its_children` |
//! | 13 a directory listed again | `replaced::a_directory_listed_again_changes_only_its_metadata` |
//! | 14 entries below a link to a directory | `replaced::entries_below_a_symlink_to_a_directory_land_where_it_leads` |
//! | 15 a directory in place of such a link | `replaced::a_directory_entry_replaces_a_symlink_to_a_directory` |
//! | 16 loops, absolute links, links out of the root | `replaced::symlinks_that_loop_or_leave_the_root_keep_their_text`, `replaced::a_path_below_a_loop_of_links_is_refused` |
//! | 17 hard link before and after its target, chains, target in a lower layer | `links::hard_link_after_its_target_chain_of_links_and_target_in_a_lower_layer`, `links::hard_link_before_its_target_is_refused`, `links::links_to_a_lower_layer_lead_to_a_name_that_is_there` |
//! | 18 target replaced | `links::other_names_keep_the_old_contents_when_the_target_is_replaced`, `squash::other_names_of_a_replaced_file_keep_the_old_contents_where_crane_gives_the_new` |
//! | 19 target deleted | `links::a_survivor_becomes_the_file_and_others_lead_to_it_when_the_target_is_deleted`, `squash::a_survivor_becomes_the_file_when_its_target_in_the_base_goes` |
//! | 20 a group over directories of which one goes | `links::a_group_over_directories_of_which_one_is_removed` |
//! | 21 hard link to a symbolic link, with a size | `links::hard_link_to_a_symlink`, `links::hard_link_with_a_size_has_no_contents` |
//! | 22 groups of names stay equal | `links::groups_of_links_stay_whole_and_apart`, `links::headers_of_links_repeat_the_metadata_and_attributes_of_their_file` |
//! | 23 extended attributes, in both spellings | `metadata::attributes_of_every_kind_with_binary_values`, `metadata::attributes_under_libarchives_keys_alone_are_not_applied_as_in_runtimes` |
//! | 24 setuid, setgid, sticky | `metadata::setuid_setgid_and_sticky_bits` |
//! | 25 large owners, numbers and names | `metadata::owners_over_two_million_and_over_two_billion`, `metadata::numbers_of_owners_win_over_names_which_are_not_written` |
//! | 26 long paths | `names::paths_of_100_101_256_257_and_1000_bytes`, `names::long_paths_in_the_prefix_field_in_gnu_entries_and_in_pax_records`, `names::paths_of_more_than_4096_bytes_stay_whole_or_are_refused`, `names::a_record_that_holds_no_path_is_refused` |
//! | 27 sizes over 8 GiB | `encodings::sizes_of_more_than_8_gib_in_base_256_and_in_records`, `encodings::headers_of_files_over_8_gib_say_their_size_in_a_record` |
//! | 28 sparse files | `encodings::sparse_files_of_every_format_have_the_same_contents` |
//! | 29 global headers | `encodings::a_global_header_is_no_file_and_is_not_applied_as_in_runtimes` |
//! | 30 times | `metadata::times_with_nanoseconds_before_1970_and_far_ahead`, `metadata::access_and_change_times_are_not_written` |
//! | 31 devices, FIFOs, sockets | `metadata::devices_with_numbers_over_255_and_fifos`, `metadata::sockets_are_left_out_with_a_warning` |
//! | 32 names of any bytes | `names::names_and_link_texts_of_any_bytes` |
//! | 33 one path twice in a layer | `names::the_last_of_several_entries_for_one_path_in_a_layer_wins` |
//! | 34 dots and slashes in names, the root's entry | `names::dots_and_slashes_in_names_mean_nothing`, `names::dot_dot_in_names_stops_at_the_root`, `names::the_entry_of_the_root_keeps_its_metadata` |
//! | 35 missing parents | `names::missing_parents_are_directories_of_root_with_mode_0755` |
//! | 36 names that differ in case | `names::names_that_differ_in_case_only` |
//! | 37 empty layers, bytes after the end, joined members, cut layers | `encodings::layers_without_bytes_and_without_entries`, `encodings::bytes_after_the_end_of_an_archive_are_no_entries_but_count_for_its_digest`, `encodings::joined_gzip_members_are_one_layer`, `encodings::a_layer_that_is_cut_off_is_refused` |
//! | 38 media types and compressions, zstd:chunked, eStargz | `layers::layers_of_every_compression_and_of_dockers_and_ocis_media_types`, `layers::each_layer_of_an_image_may_be_compressed_in_another_way`, `layers::zstd_chunked_frames_and_skippable_frames_are_one_layer`, `layers::the_table_of_contents_of_estargz_stays_the_file_that_runtimes_unpack`, `layers::annotations_of_a_folded_estargz_layer_go_with_it` |
//! | 39 foreign layers | `layers::foreign_layers_that_are_elsewhere_are_refused`, `layers::foreign_layers_that_are_in_the_image_are_kept_and_never_folded` |
//! | 40 encrypted layers | `layers::encrypted_layers_are_refused` |
//! | 41 history | `config::history_has_one_entry_for_the_range_and_flags_that_fit_the_layers`, `config::history_that_is_missing_null_empty_or_short_is_tolerated` |
//! | 42 digests, sizes, diff_ids | `documents::digests_sizes_and_diff_ids_are_those_of_the_blobs` |
//! | 43 no layer, one layer, 127 layers | `config::images_of_no_one_and_127_layers` |
//! | 44 every field of the configuration | `config::every_field_of_the_configuration_keeps_its_bytes_and_its_place`, `squash::every_key_of_the_configuration_survives` |
//! | 45 null, missing, empty | `config::null_missing_and_empty_stay_what_they_are` |
//! | 46 time of creation, the same bytes again | `config::the_time_of_creation_stays_or_is_set`, `config::two_runs_at_a_given_time_give_the_same_bytes`, `squash::the_same_bytes_with_any_number_of_threads` |
//! | 47 annotations, artifact type, subject | `documents::annotations_of_manifest_configuration_layers_and_index_entry_stay` |
//! | 48 platforms, nested indexes, Docker's and OCI's types | `documents::of_a_nested_index_the_chosen_platform_is_written_with_its_variant`, `documents::unknown_keys_of_the_index_entry_and_its_platform_stay`, `documents::dockers_and_ocis_media_types_are_not_mixed`, `squash::other_images_in_a_layout_stay_and_a_name_moves` |
//! | 49 attestations | `documents::attestations_beside_an_image_are_no_images_and_do_not_come_along` |
//! | 50 docker archives | `archives::archives_of_every_age_are_read_and_written_as_the_newest`, `archives::old_archives_whose_repeated_layers_are_links`, `archives::archives_without_names`, `archives::of_several_images_in_an_archive_the_named_one_is_squashed` |
//! | 51 Windows | `layers::windows_images_are_refused` |
//! | 52 memory, bombs, interrupts | `limits::memory_is_bounded_by_entries_and_not_by_bytes`, `limits::memory_for_many_entries_is_some_hundred_bytes_each`, `limits::bombs_end_at_a_limit_and_leave_nothing`, `limits::an_interrupt_leaves_no_temporary_files`, `squash_hostile::every_fixture_is_squashed_exactly_or_refused_with_one_message` |
//! | 53 the base stays | `limits::layers_below_the_range_keep_their_bytes_and_digests` |
//! | 54 links of a slimmed image lead where they led | `slim::intact::each_link_that_stays_leads_where_it_led_or_as_before_nowhere`, `slim::result::links_that_stay_lead_where_they_led_and_others_go`, `slim::bad_input::links_in_circles_are_kept_as_they_are` |
//! | 55 empty directories that the application needs | `slim::result::the_setgid_directory_of_a_package_and_the_empty_ones_of_nobody_stay` |
//! | 56 metadata of directories above what stays | `slim::intact::directories_above_what_stays_keep_owner_mode_time_and_attributes`, `slim::result::what_stays_keeps_contents_owners_modes_times_attributes_and_links` |
//! | 57 groups of names of which some stay | `slim::intact::the_names_of_one_file_that_stay_are_names_of_one_file`, `slim::result::a_survivor_of_two_names_keeps_the_contents` |
//! | 58 package databases without what is gone | `slim::result::the_package_database_lists_what_is_there`, `slim::bad_input::a_broken_package_database_costs_its_packages_only`; for each manager the tests of `rslim::closure::installed` |
//! | 59 nothing but what was in the image | `slim::result::nothing_is_in_the_result_that_was_not_in_the_image`, `slim::result::what_stays_keeps_contents_owners_modes_times_attributes_and_links` |
//! | umoci's judgement | `unpacked::umoci_unpacks_the_same_of_the_image_and_of_what_it_became` |
//! | the kernel's judgement | `overlay::overlayfs_shows_the_same_of_the_image_and_of_what_it_became` |

mod archives;
mod case;
mod config;
#[cfg(target_os = "linux")]
mod disk;
mod documents;
mod encodings;
mod layers;
mod limits;
mod links;
mod metadata;
mod names;
#[cfg(target_os = "linux")]
mod overlay;
mod replaced;
pub mod seen;
#[cfg(target_os = "linux")]
mod unpacked;
mod whiteouts;
